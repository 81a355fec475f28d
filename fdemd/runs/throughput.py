"""Throughput of a training, and how long it waits for its images."""

from __future__ import annotations

import time
from collections import deque
from typing import Any

from pytorch_lightning import Callback, LightningModule, Trainer
from torch import Tensor

_STEPS = 50
"""Steps that a figure is the mean of."""

IMAGES_PER_SECOND = "train/images_per_second"
DATA_WAIT = "train/data_wait"


class ImagesPerSecond(Callback):
    """Logs ``train/images_per_second`` and ``train/data_wait`` over the last steps.

    Images are those of all processes, the first one's times their number. The wait is the share of the time (0 to 1)
    between the end of a step and the arrival of its successor's batch on the device; near 0 the loader keeps up. Time
    spent on validation and checkpoints is in neither.
    """

    def __init__(self) -> None:
        self._ended: float | None = None
        self._started: tuple[float, float] | None = None
        self._steps: deque[tuple[int, float, float]] = deque(maxlen=_STEPS)

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Waiting for the first batch is waiting too."""
        self._ended = time.perf_counter()

    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int) -> None:
        """The batch is there."""
        self._started = None if self._ended is None else (self._ended, time.perf_counter())

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: dict[str, Tensor], batch_idx: int
    ) -> None:
        """Log the mean over the last steps."""
        self._ended = time.perf_counter()
        if self._started:
            asked, arrived = self._started
            self._steps.append((len(batch["row"]), arrived - asked, self._ended - asked))
        if self._steps:
            images, waited, seconds = map(sum, zip(*self._steps, strict=True))
            pl_module.log(IMAGES_PER_SECOND, trainer.world_size * images / seconds, prog_bar=True)
            pl_module.log(DATA_WAIT, waited / seconds)

    def on_validation_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """What follows is no waiting for images."""
        self._ended = None

    def on_save_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        """What follows is no waiting for images."""
        self._ended = None
