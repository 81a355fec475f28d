"""What a training shows: its inputs, its speed, its learning rates and how far it is."""

import csv
import re
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from pytorch_lightning import Callback, Trainer
from pytorch_lightning.callbacks import ModelCheckpoint

from fdemd.runs.callbacks import training_callbacks
from fdemd.runs.input_grid import SaveInputGrid, face_grid
from fdemd.runs.loggers import RunLog
from fdemd.runs.progress import TrainingProgress
from fdemd.runs.quiet import quiet_lightning
from fdemd.runs.throughput import ImagesPerSecond
from tests.runs.conftest import RunLogs

SETTINGS = {
    "accelerator": "cpu",
    "max_epochs": 2,
    "log_every_n_steps": 1,
    "enable_checkpointing": False,
    "enable_model_summary": False,
    "num_sanity_val_steps": 0,
}


@pytest.fixture
def train(run_log: RunLogs, tmp_path: Path, tiny_data, tiny_module) -> Callable[..., RunLog]:
    """Trains 2 epochs of 4 steps with the callbacks of every training, and these."""

    def call(*callbacks: Callback, kind: str = "csv", fails_at: int = -1, **trainer: Any) -> RunLog:
        quiet_lightning()
        with run_log(tmp_path, "train", kind=kind) as log:
            run = Trainer(
                logger=log.loggers,
                callbacks=[*training_callbacks(log), *callbacks],
                **SETTINGS | trainer,
            )
            run.fit(tiny_module(fails_at), tiny_data)
        return log

    return call


def column(log: RunLog, name: str) -> list[float]:
    rows = csv.DictReader((log.folder / "metrics.csv").open())
    return [float(row[name]) for row in rows if row[name]]


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


def test_each_group_has_its_learning_rate_logged(train: Callable[..., RunLog]) -> None:
    log = train()
    assert column(log, "lr-SGD/weights") == column(log, "lr-SGD/biases") == [0.1] * 8


def test_no_logger_is_no_mistake(train: Callable[..., RunLog]) -> None:
    assert {path.name for path in train(kind="none").folder.iterdir()} == {"inputs.png"}


def test_the_inputs_are_saved_and_only_there(train: Callable[..., RunLog], offline_runs) -> None:
    log = train(kind="wandb")
    with Image.open(log.folder / "inputs.png") as picture:
        assert picture.width > 500
    (run,) = offline_runs(log.folder)
    assert "train/loss" in run.summary
    assert not any(name.startswith("train/inputs") for name in run.summary)
    assert not list(log.folder.rglob("wandb/**/*.png"))


def test_the_inputs_are_logged_if_asked_for(run_log, offline_runs, tiny_data, tmp_path: Path) -> None:
    with run_log(tmp_path, "train", offline=True, log_images=True) as log:
        trainer = SimpleNamespace(is_global_zero=True, datamodule=tiny_data, global_step=0)
        SaveInputGrid(log).on_train_batch_start(trainer, None, next(iter(tiny_data.train_dataloader())), 0)
    (run,) = offline_runs(tmp_path)
    assert run.summary["train/inputs/count"] == 1


def test_the_grid_shows_the_faces_in_their_colours_and_order(tmp_path: Path) -> None:
    """Nine faces of one colour each: two rows, of which the second has one."""
    grey = torch.arange(1, 10) / 20
    faces = torch.stack([grey, 0 * grey, 0 * grey], dim=1)[:, :, None, None].expand(9, 3, 4, 4)
    face_grid(faces, [f"person {n}" for n in range(9)], tmp_path / "grid.png")
    with Image.open(tmp_path / "grid.png") as picture:
        pixels = np.array(picture.convert("RGB")).astype(int)
    places = [np.argwhere(abs(pixels - [value, 0, 0]).sum(2) <= 1)[0] for value in (255 * grey).tolist()]
    rows, columns = zip(*places, strict=True)
    assert len(set(rows[:8])) == 1
    assert list(columns[:8]) == sorted(columns[:8])
    assert (rows[8] > rows[0], columns[8]) == (True, columns[0])


def test_faces_out_of_range_are_a_bug(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"from 0.000 to 255.000"):
        face_grid(torch.tensor([0.0, 255.0]).expand(1, 3, 2, 2), ["a"], tmp_path / "grid.png")


def test_without_a_terminal_a_training_is_a_line(
    train: Callable[..., RunLog], capsys: pytest.CaptureFixture[str]
) -> None:
    train()
    said = capsys.readouterr()
    assert re.fullmatch(r"step 8/8, loss \d\.\d+, \d+ images/s, 0:00:00 left\n", said.out)
    assert said.err == ""


def test_long_trainings_say_how_long_they_take(
    train: Callable[..., RunLog], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fdemd.runs.progress._LINES", 0.0)
    train(max_epochs=1)
    lines = capsys.readouterr().out.splitlines()
    assert [line[:8] for line in lines] == ["step 1/4", "step 2/4", "step 3/4", "step 4/4", "step 4/4"]
    assert all(re.search(r"\d:\d\d:\d\d left$", line) for line in lines[1:])


def test_on_a_terminal_it_is_a_bar(
    train: Callable[..., RunLog], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")  # what rich takes for a terminal
    monkeypatch.setenv("COLUMNS", "120")
    train()
    said = re.sub(r"\x1b\[[\d;?]*[a-zA-Z]", "", capsys.readouterr().out)
    assert re.search(r"Training ━+ 8/8 loss \d\.\d+, \d+ images/s 0:00:00", said)
    assert "step" not in said


def test_a_bar_ends_with_the_error_that_ends_the_training(train: Callable[..., RunLog]) -> None:
    with pytest.raises(RuntimeError, match="the training broke"):
        train(fails_at=3)
    with pytest.raises(RuntimeError, match="the training broke"):
        train(fails_at=3)  # rich refuses a second bar while one is alive


def test_other_processes_show_nothing(train: Callable[..., RunLog], capsys: pytest.CaptureFixture[str]) -> None:
    bar = TrainingProgress()
    bar.disable()
    bar.on_train_start(None, None)  # type: ignore[arg-type]
    bar.on_train_end(None, None)  # type: ignore[arg-type]
    assert capsys.readouterr().out == ""
