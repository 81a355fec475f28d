"""What a run saves and when: the best weights, and its state when it is told to stop."""

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fdemd.checkpoints.training_state import read_state
from fdemd.cli.command_line import main
from fdemd.jobs import run
from fdemd.jobs.finetune import Finetuned
from fdemd.training.validation import IdentificationMetric
from tests.short_training import train

pytestmark = pytest.mark.usefixtures("tiny")


def test_the_best_weights_are_those_of_the_best_validation(settings: list[str]) -> None:
    done = train(*settings, "validation.every=2")

    def score(weights: str) -> float:
        return sum(comparison.figures["stage 1"]["MAP@R"].mean for comparison in done.comparisons[weights])

    assert score("best") >= score("last")


def test_best_weights_that_are_gone_are_chosen_anew(going_on: Callable[..., tuple[int, str]], done: Finetuned) -> None:
    done.checkpoint("best").unlink()
    status, said = going_on("trainer.max_steps=4")
    assert status == 0, said
    assert done.checkpoint("best").is_file()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_run_that_is_told_to_stop_saves_its_state_and_says_how_to_go_on(
    number: int,
    words: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    compute, calls = IdentificationMetric.compute, iter(range(10))

    def told(metric: IdentificationMetric) -> Any:
        if next(calls) == 1:  # the first validation within the training
            os.kill(os.getpid(), number)
        return compute(metric)

    monkeypatch.setattr(IdentificationMetric, "compute", told)
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
    out, saved, compute = tmp_path / "stopped", dict[Path, bytes](), IdentificationMetric.compute

    def impatient(metric: IdentificationMetric) -> Any:
        for last in out.glob("*/checkpoints/last.ckpt"):  # not before the training
            saved[last] = last.read_bytes()
            os.kill(os.getpid(), signal.SIGINT)
            os.kill(os.getpid(), signal.SIGINT)
        return compute(metric)

    monkeypatch.setattr(IdentificationMetric, "compute", impatient)
    given = [*words, f"output='{out}'", "trainer.max_steps=4", "trainer.save_every=1", "validation.every=2"]
    assert main("train", run, "test", [*given, "trainer.accumulate_grad_batches=2"]) == 130
    ((last, content),) = saved.items()
    assert last.read_bytes() == content
