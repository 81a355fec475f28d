"""The picture of the first faces that a training sees."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image

from fdemd.runs.input_grid import SaveInputGrid, face_grid
from fdemd.runs.loggers import RunLog


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
