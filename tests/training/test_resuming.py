"""A run that was broken off goes on as if it had not been."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from fdemd.checkpoints.training_state import read_checkpoint, read_state
from fdemd.cli.command_line import main
from fdemd.jobs import run
from fdemd.jobs.finetune import Finetuned
from fdemd.training.module import FinetuneModule
from tests.short_training import same_weights, train

pytestmark = pytest.mark.usefixtures("tiny")


def test_a_state_of_an_earlier_version_is_refused_for_want_of_a_checksum(
    going_on: Callable[..., tuple[int, str]], done: Finetuned
) -> None:
    path = done.checkpoint("last")
    torch.save(read_state(path), path)
    status, said = going_on()
    assert status == 2
    assert "has no checksum at its end" in said
    assert read_checkpoint(path)["global_step"] == 2, "its weights are still of use"


def test_a_run_whose_folder_was_moved_goes_on_there(words: list[str], done: Finetuned, tmp_path: Path) -> None:
    best = read_state(done.checkpoint("best"))["callbacks"]
    moved = done.folder.rename(tmp_path / "moved")
    resumed = train(*words, f"resume='{moved}'", "trainer.max_steps=3")
    assert resumed.folder == moved
    assert read_state(moved / "checkpoints" / "last.ckpt")["callbacks"] == best


@pytest.mark.parametrize(
    "extra",
    [
        [],
        ["batches.order=balanced", "batches.people=2"],
        pytest.param(["data.num_workers=2"], marks=pytest.mark.slow),
        ["loss=scaleface"],
    ],
)
def test_a_run_stopped_and_resumed_equals_one_that_was_not(
    settings: list[str], extra: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    settings = [*settings, "trainer.max_steps=8", "validation.every=4", *extra]  # an epoch has three steps
    whole = train(*settings)

    step = FinetuneModule.training_step

    def interrupted(module: FinetuneModule, batch: Any, batch_idx: int) -> Tensor:
        if module.global_step == 5:
            raise KeyboardInterrupt
        return step(module, batch, batch_idx)

    with monkeypatch.context() as patch:
        patch.setattr(FinetuneModule, "training_step", interrupted)
        stopped = [*settings, f"output='{tmp_path / 'stopped'}'", "trainer.save_every=4"]
        assert main("train", run, "test", stopped) == 130
    (folder,) = (tmp_path / "stopped").iterdir()
    assert read_checkpoint(folder / "checkpoints" / "last.ckpt")["global_step"] == 4
    resumed = train(*settings, f"resume='{folder}'")
    assert resumed.folder == folder
    assert same_weights(whole.checkpoint("last"), resumed.checkpoint("last"))
    assert same_weights(whole.checkpoint("best"), resumed.checkpoint("best"))
