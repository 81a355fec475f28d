"""A run is only resumed as the run that it was: same settings, people, photographs and weights."""

import csv
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from fdemd.checkpoints.training_state import read_checkpoint, read_state
from fdemd.cli.command_line import main
from fdemd.data.manifest_file import write_manifest
from fdemd.data.sources import folder_manifest
from fdemd.jobs import run
from fdemd.jobs.finetune import Finetuned
from fdemd.training.resuming import last_settings
from tests.short_training import train

pytestmark = pytest.mark.usefixtures("tiny")


def files(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


@pytest.mark.parametrize(
    ("word", "before"),
    [
        ("trainer.accumulate_grad_batches=2", "1"),
        ("trainer.gradient_clip_val=1.0", "5.0"),
        ("trainer.precision=bf16-mixed", "32-true"),
        ("optimizer.lr=0.5", "0.003"),
        ("data.batch_size=6", "4"),
        ("augment.flip=0.25", "0.5"),
        ("validation.every=3", "2"),
        ("seed=1", "0"),
    ],
)
def test_other_settings_that_decide_the_weights_are_refused(
    word: str, before: str, going_on: Callable[..., tuple[int, str]], done: Finetuned
) -> None:
    kept = files(done.folder)
    status, said = going_on(word)
    key, _, now = word.partition("=")
    assert status == 2
    assert f"was started with other settings: {key}={before} (now {now})" in said
    assert len(said.splitlines()) == 1
    assert files(done.folder) == kept, "a run that is refused leaves all as it was"


def test_settings_that_change_nothing_may_change_and_are_written_beside_the_first_ones(
    going_on: Callable[..., tuple[int, str]], done: Finetuned
) -> None:
    before = (done.folder / "config.yaml").read_bytes()
    status, said = going_on("trainer.max_steps=3", "data.num_workers=1", "trainer.save_every=1")
    assert status == 0, said
    assert (done.folder / "config.yaml").read_bytes() == before
    assert yaml.safe_load((done.folder / "resumed_at_step_2.yaml").read_text())["trainer"]["max_steps"] == 3
    assert last_settings(done.folder)["trainer"]["max_steps"] == 3
    assert read_state(done.checkpoint("last"))["global_step"] == 3


def one_more_person(people: Path) -> None:
    shutil.copytree(people / "s1", people / "s9")


def a_single_photograph(people: Path) -> None:
    for photograph in sorted((people / "s1").iterdir())[1:]:
        photograph.unlink()


def another_photograph(people: Path) -> None:
    first, second = sorted((people / "s1").iterdir())[:2]
    shutil.copy(first, second)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (one_more_person, r"other people (trained on|kept for validation): \d then and \d now"),
        (a_single_photograph, r"other (people (trained on|kept for validation)|photographs)"),
        (another_photograph, r"other photographs (to train on|to validate with) \(sha256 \w{12}, now \w{12}\)"),
    ],
)
def test_other_people_and_photographs_are_refused(
    change: Callable[[Path], None],
    sentence: str,
    going_on: Callable[..., tuple[int, str]],
    done: Finetuned,
    people: Path,
) -> None:
    change(people)
    status, said = going_on("trainer.max_steps=3")
    assert status == 2
    assert len(said.splitlines()) == 1
    with pytest.raises(AssertionError, match=sentence):
        raise AssertionError(said)
    assert read_state(done.checkpoint("last"))["global_step"] == 2


@pytest.mark.parametrize(("column", "value"), [("identity", "OTHER"), ("source", "OTHER"), ("is_query", "0")])
def test_the_same_photographs_said_to_be_of_others_are_refused(
    column: str,
    value: str,
    words: list[str],
    people: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Same people, same files: but two photographs have changed names, or a row says something else."""
    manifest = tmp_path / "people.csv"
    write_manifest(folder_manifest(people), manifest)
    given = [*words, "data=manifest", f"data.manifest='{manifest}'", "validation.people=0"]
    run_before = train(*given)
    with manifest.open(newline="") as file:
        rows = list(csv.DictReader(file))
    first, last = rows[0], rows[-1]
    other = last[column]
    last[column] = first[column] if value == "OTHER" else value
    first[column] = other if value == "OTHER" else first[column]
    with manifest.open("w", newline="") as file:
        table = csv.DictWriter(file, list(first))
        table.writeheader()
        table.writerows(rows)
    capsys.readouterr()
    assert main("train", run, "test", [*given, f"resume='{run_before.folder}'", "trainer.max_steps=3"]) == 2
    said = capsys.readouterr().err
    assert (
        f"the run in {run_before.folder} was started with other photographs to train on, or with other people, "
        "sources or splits of them (sha256 "
    ) in said
    assert len(said.splitlines()) == 1


def test_people_kept_for_validation_stay_so(done: Finetuned) -> None:
    facts = read_checkpoint(done.checkpoint("last"))["fdemd"]
    assert len(facts["held out"]) == 2
    assert not set(facts["held out"]) & set(facts["people"])
