"""Images a second and the share of time waited for data, by a clock that goes only where a test says so."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from pytorch_lightning import Callback
from pytorch_lightning.callbacks import ModelCheckpoint

from fdemd.runs.loggers import RunLog
from fdemd.runs.throughput import ImagesPerSecond
from tests.runs.conftest import column


class Clock(Callback):
    """Seconds that pass only where this says so: 1 a step, 100 a validation batch, 1000 a checkpoint."""

    def __init__(self) -> None:
        self.now = 0.0

    def perf_counter(self) -> float:
        return self.now

    def on_before_optimizer_step(self, *arguments: Any) -> None:
        self.now += 1

    def on_validation_batch_start(self, *arguments: Any) -> None:
        self.now += 100

    def on_save_checkpoint(self, *arguments: Any) -> None:
        self.now += 1000


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("fdemd.runs.throughput.time", clock)
    return clock


def test_validations_and_checkpoints_do_not_slow_the_training(
    train: Callable[..., RunLog], clock: Clock, tmp_path: Path
) -> None:
    saving = ModelCheckpoint(tmp_path / "checkpoints", every_n_train_steps=1)
    log = train(clock, saving, enable_checkpointing=True, val_check_interval=2)
    assert clock.now > 8 * 1000
    assert set(column(log, "train/images_per_second")) == {4.0}
    assert set(column(log, "train/data_wait")) == {0.0}


def test_a_loader_that_takes_three_times_as_long_as_a_step(
    train: Callable[..., RunLog], clock: Clock, tiny_data
) -> None:
    class Slow(list):
        def __getitem__(self, index: int) -> Any:
            clock.now += 3 / 4
            return super().__getitem__(index)

    tiny_data.faces = Slow(tiny_data.faces)
    log = train(clock, limit_val_batches=0)
    assert set(column(log, "train/images_per_second")) == {1.0}
    assert set(column(log, "train/data_wait")) == {0.75}


def test_images_are_those_of_all_processes(clock: Clock) -> None:
    logged: dict[str, float] = {}
    module = SimpleNamespace(log=lambda name, value, **settings: logged.update({name: value}))
    speed, batch = ImagesPerSecond(), {"row": torch.arange(6)}
    speed.on_train_epoch_start(None, module)
    speed.on_train_batch_start(None, module, batch, 0)
    clock.now = 2.0
    speed.on_train_batch_end(SimpleNamespace(world_size=4), module, None, batch, 0)
    assert logged["train/images_per_second"] == 12
