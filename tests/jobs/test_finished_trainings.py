"""A finished training stands for a new one only if it gave the same weights."""

import shutil
from pathlib import Path

import pytest

from fdemd.cli.command_line import CONFIG_DIR, plan
from fdemd.jobs.finetune import Finetuned, finetune
from fdemd.jobs.finished_trainings import find_finished_training
from fdemd.settings.jobs import Train
from fdemd.training.data import describe_training_data
from tests.short_training import Tiny

pytestmark = pytest.mark.usefixtures("tiny")


@pytest.fixture
def words(settings: list[str], people: Path) -> list[str]:
    """A training of two steps on photographs that a test may spoil, without validation."""
    return [*settings, f"data.root='{people}'", "validation.people=0", "trainer.max_steps=2"]


def settings_of(words: list[str]) -> Train:
    (point,) = plan("train", words, CONFIG_DIR)
    return point.settings


@pytest.fixture
def done(words: list[str]) -> Finetuned:
    return finetune(settings_of(words))


def find(words: list[str], weights_sha256: str = "random") -> Path | None:
    """Look for a training with these words that starts from these weights."""
    settings, network = settings_of(words), Tiny()
    network.weights_sha256 = weights_sha256
    return find_finished_training(settings, describe_training_data(settings, network), network, Path(settings.output))


def test_the_same_training_is_found(words: list[str], done: Finetuned, capsys: pytest.CaptureFixture[str]) -> None:
    assert find(words) == done.checkpoint("last")
    assert f"Taken from {done.folder}" in capsys.readouterr().out


def test_one_that_did_not_finish_is_not(words: list[str], done: Finetuned) -> None:
    (done.folder / "results.json").unlink()
    assert find(words) is None


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("trainer.max_steps=3", "trainer.max_steps was 2, now 3"),
        ("optimizer.lr=0.5", "optimizer.lr was 0.003, now 0.5"),
        ("seed=4", "seed was 0, now 4"),
    ],
)
def test_one_with_other_settings_is_not(
    word: str, reason: str, words: list[str], done: Finetuned, capsys: pytest.CaptureFixture[str]
) -> None:
    assert find([*words, word]) is None
    assert f"{done.folder} is not taken: {reason}" in capsys.readouterr().out


def test_one_with_other_settings_that_do_not_decide_the_weights_is(words: list[str], done: Finetuned) -> None:
    assert find([*words, "data.num_workers=1", "trainer.save_every=1"]) == done.checkpoint("last")


def test_one_of_photographs_that_were_replaced_is_not(
    words: list[str], done: Finetuned, people: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = sorted((people / "s1").iterdir())[:2]
    original = first.read_bytes()
    shutil.copy(second, first)
    assert find(words) is None
    assert "was started with other photographs to train on (sha256 " in capsys.readouterr().out
    first.write_bytes(original)
    assert find(words) == done.checkpoint("last")


def test_one_from_other_weights_is_not(words: list[str], done: Finetuned, capsys: pytest.CaptureFixture[str]) -> None:
    assert find(words, weights_sha256="0" * 64) is None
    assert "was started with other weights to start from (sha256 random, now 000000000000)" in capsys.readouterr().out


def test_one_whose_checkpoint_is_damaged_is_not(words: list[str], done: Finetuned) -> None:
    path = done.checkpoint("last")
    path.write_bytes(path.read_bytes()[:-1])
    assert find(words) is None
