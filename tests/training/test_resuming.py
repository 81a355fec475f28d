"""A run goes on only as the run that it was: same settings, people, photographs and weights, alone in its folder."""

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

from fdemd.checkpoints.training_state import PlainCheckpoints, read_checkpoint, read_state
from fdemd.cli.command_line import main
from fdemd.data.manifest import write_manifest
from fdemd.data.sources import folder_manifest
from fdemd.errors import InputError
from fdemd.jobs import run
from fdemd.jobs.finetune import Finetuned
from fdemd.training.resuming import settings_of
from fdemd.training.validation import HeldOut
from tests.jobs.test_finetune import ROOT, settings, tiny, train  # noqa: F401  (fixtures)
from train import run

pytestmark = pytest.mark.usefixtures("tiny")


@pytest.fixture
def words(settings: list[str], people: Path) -> list[str]:  # noqa: F811
    """A short run on photographs that a test may spoil."""
    return [*settings, f"data.root='{people}'", "trainer.max_steps=2", "validation.every=2"]


@pytest.fixture
def done(words: list[str]) -> Finetuned:
    return train(*words)


@pytest.fixture
def going_on(words: list[str], done: Finetuned, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str]]:
    """Goes on with the run; gives the status and what was said on stderr."""

    def call(*more: str) -> tuple[int, str]:
        capsys.readouterr()
        status = main("train", run, "test", [*words, f"resume='{done.folder}'", *more])
        return status, capsys.readouterr().err

    return call


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
        ("augment.flip=0", "0.5"),
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
    assert settings_of(done.folder)["trainer"]["max_steps"] == 3
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
        (one_more_person, r"other people (trained on|held out of training): \d then and \d now"),
        (a_single_photograph, r"other (people (trained on|held out)|photographs)"),
        (another_photograph, r"other photographs (to train on|of the people held out) \(sha256 \w{12}, now \w{12}\)"),
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


def test_people_who_are_held_out_stay_so(done: Finetuned) -> None:
    facts = read_checkpoint(done.checkpoint("last"))["fdemd"]
    assert len(facts["held out"]) == 2
    assert not set(facts["held out"]) & set(facts["people"])


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda state: state.pop("optimizer_states"), "lacks the state of one optimizer"),
        (lambda state: state.pop("lr_schedulers"), "lacks lr_schedulers"),
        (lambda state: state["loops"].pop("fit_loop"), "lacks fit_loop"),
        (lambda state: state["fdemd"].pop("people"), "does not say of which run it is"),
        (lambda state: state["state_dict"].update({"backbone.embed.bias": torch.zeros(2)}), "is (2,) of torch.float32"),
        (lambda state: state["state_dict"]["backbone.embed.bias"].fill_(torch.nan), "holds NaN or Inf"),
        (lambda state: state.update({"pytorch-lightning_version": "0.1"}), "Lightning 0.1 wrote it"),
        (lambda state: state.update(more=1), "holds something else"),
    ],
)
def test_a_state_that_is_not_of_such_a_run_is_refused(
    spoil: Callable[[dict[str, Any]], Any], sentence: str, going_on: Callable[..., tuple[int, str]], done: Finetuned
) -> None:
    path = done.checkpoint("last")
    state = read_state(path)
    spoil(state)
    PlainCheckpoints().save_checkpoint(state, path)
    status, said = going_on()
    assert status == 2
    assert sentence in said


def test_a_state_of_an_earlier_version_is_refused_for_want_of_a_checksum(
    going_on: Callable[..., tuple[int, str]], done: Finetuned
) -> None:
    path = done.checkpoint("last")
    torch.save(read_state(path), path)
    status, said = going_on()
    assert status == 2
    assert "has no checksum at its end" in said
    assert read_checkpoint(path)["global_step"] == 2, "its weights are still of use"


def test_a_pickle_that_asks_for_more_than_tensors_is_not_run(tmp_path: Path) -> None:
    path = tmp_path / "last.ckpt"
    PlainCheckpoints().save_checkpoint({"state_dict": {}, "loops": {}, "fdemd": bytearray(5)}, path)
    with pytest.raises(InputError, match="cannot be read"):
        read_state(path)


def test_best_weights_that_are_gone_are_chosen_anew(going_on: Callable[..., tuple[int, str]], done: Finetuned) -> None:
    done.checkpoint("best").unlink()
    status, said = going_on("trainer.max_steps=4")
    assert status == 0, said
    assert done.checkpoint("best").is_file()


def test_a_run_whose_folder_was_moved_goes_on_there(words: list[str], done: Finetuned, tmp_path: Path) -> None:
    best = read_state(done.checkpoint("best"))["callbacks"]
    moved = done.folder.rename(tmp_path / "moved")
    resumed = train(*words, f"resume='{moved}'", "trainer.max_steps=3")
    assert resumed.folder == moved
    assert read_state(moved / "checkpoints" / "last.ckpt")["callbacks"] == best


def test_only_what_a_killed_run_left_is_removed(going_on: Callable[..., tuple[int, str]], done: Finetuned) -> None:
    checkpoints = done.folder / "checkpoints"
    left, own, folder = (
        checkpoints / name for name in (".0123456789abcdef.part", ".notes.part", ".fedcba9876543210.part")
    )
    left.touch()
    own.write_text("mine")
    folder.mkdir()
    status, said = going_on("trainer.max_steps=3")
    assert status == 0, said
    assert not left.exists()
    assert own.read_text() == "mine"
    assert folder.is_dir()


def test_a_second_run_in_a_folder_is_refused(going_on: Callable[..., tuple[int, str]], done: Finetuned) -> None:
    holder = (
        f"from pathlib import Path; from fdemd.files.lock import alone_in\n"
        f"with alone_in(Path({str(done.folder)!r}), ''):\n"
        "    print('held', flush=True); input()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", holder], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout and process.stdout.readline() == b"held\n"
        status, said = going_on()
        assert status == 2
        assert f"another run is at work in {done.folder}" in said
        process.kill()
    assert going_on()[0] == 0, "a lock ends with its process"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_run_that_is_told_to_stop_saves_its_state_and_says_how_to_go_on(
    number: int,
    words: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    compare, calls = HeldOut.compare, iter(range(10))

    def told(held_out: HeldOut) -> Any:
        if next(calls) == 1:  # the first validation within the training
            os.kill(os.getpid(), number)
        return compare(held_out)

    monkeypatch.setattr(HeldOut, "compare", told)
    out = tmp_path / "stopped"
    assert main("train", run, "test", [*words, f"output='{out}'"]) == 128 + number
    (folder,) = out.iterdir()
    name = {signal.SIGTERM: "SIGTERM", signal.SIGINT: "Ctrl-C"}[signal.Signals(number)]
    assert capsys.readouterr().err == f"train: stopped by {name}; go on with resume={folder}.\n"
    assert read_state(folder / "checkpoints" / "last.ckpt")["global_step"] == 2
    resumed = train(*words, f"resume='{folder}'")
    assert json.loads((folder / "results.json").read_text())["results"]
    assert resumed.checkpoint("best").is_file()


def test_a_second_ctrl_c_in_the_middle_of_a_step_leaves_the_state_that_was_saved(
    words: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Three batches an epoch, two a step: a validation after the fourth finds gradients that no state holds."""
    out, saved, compare = tmp_path / "stopped", dict[Path, bytes](), HeldOut.compare

    def impatient(held_out: HeldOut) -> Any:
        for last in out.glob("*/checkpoints/last.ckpt"):  # not before the training
            saved[last] = last.read_bytes()
            os.kill(os.getpid(), signal.SIGINT)
            os.kill(os.getpid(), signal.SIGINT)
        return compare(held_out)

    monkeypatch.setattr(HeldOut, "compare", impatient)
    given = [*words, f"output='{out}'", "trainer.max_steps=4", "trainer.save_every=1", "validation.every=2"]
    assert main("train", run, "test", [*given, "trainer.accumulate_grad_batches=2"]) == 130
    ((last, content),) = saved.items()
    assert last.read_bytes() == content
