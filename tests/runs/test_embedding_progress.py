"""Embedding says how far it is, whichever loader it is at."""

from collections.abc import Callable
from contextlib import contextmanager

import pytest
import torch
from pytorch_lightning import LightningModule
from torch.utils.data import DataLoader

from fdemd.embedding.trainer import single_device_trainer
from fdemd.runs import embedding_progress
from fdemd.settings.running import Trainer


class Looking(LightningModule):
    """Looks at faces, and at some of them it fails."""

    def __init__(self, fails: bool) -> None:
        super().__init__()
        self.fails = fails

    def test_step(self, batch: dict[str, torch.Tensor], batch_idx: int, dataloader_idx: int = 0) -> None:
        if self.fails and dataloader_idx:
            raise RuntimeError("no face")


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What was begun, done and ended."""
    events: list[object] = []

    @contextmanager
    def progress(description: str, total: int) -> Callable[[int], None]:
        events.append((description, total))
        yield events.append
        events.append("end")

    monkeypatch.setattr(embedding_progress, "steady_progress", progress)
    return events


def look(fails: bool) -> None:
    loaders = [DataLoader([{"row": row} for row in range(rows)], 4) for rows in (6, 3)]
    trainer = single_device_trainer(Trainer(accelerator="cpu", precision="32-true"))
    trainer.test(Looking(fails), loaders, verbose=False)


def test_faces_of_all_loaders_count_together(told: list[object]) -> None:
    look(fails=False)
    assert told == [("Embedding faces", 9), 4, 2, 3, "end"]


def test_an_error_takes_the_bar_away(told: list[object]) -> None:
    with pytest.raises(RuntimeError):
        look(fails=True)
    assert told == [("Embedding faces", 9), 4, 2, "end"]
