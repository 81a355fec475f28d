"""Progress of a training: a bar on a terminal, a line a minute elsewhere."""

from __future__ import annotations

import math
import time
from datetime import timedelta
from typing import Any

from pytorch_lightning import LightningModule, Trainer
from pytorch_lightning.callbacks import ProgressBar
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from fdemd.runs.throughput import IMAGES_PER_SECOND

_BAR, _LINES = 0.5, 60.0
"""Seconds between two looks at the figures, each of which waits for the GPU."""
_MEMORY = 600
"""Seconds that the time left is estimated from, so that a validation among them counts."""


class TrainingProgress(ProgressBar):
    """Shows the steps done, the figures logged with ``prog_bar=True``, images per second and the time left."""

    def __init__(self) -> None:
        super().__init__()
        self._enabled = True
        self._progress: Progress | None = None
        self._looked = 0.0

    def disable(self) -> None:
        """Show nothing, as in every process but the first."""
        self._enabled = False

    def enable(self) -> None:
        """Show it again."""
        self._enabled = True

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Start at the step that a resumed training is at."""
        if not self._enabled:
            return
        console = Console()
        figures = TextColumn("{task.fields[figures]}", markup=False)
        columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), figures, TimeRemainingColumn()
        self._progress = Progress(
            *columns, console=console, disable=not console.is_terminal, speed_estimate_period=_MEMORY
        )
        total = trainer.estimated_stepping_batches
        self._progress.add_task(
            "Training", total=total if math.isfinite(total) else None, completed=trainer.global_step, figures=""
        )
        self._progress.start()
        self._looked = time.monotonic()

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Show the step, the figures now and then."""
        if self._progress is None:
            return
        self._progress.update(self._progress.task_ids[0], completed=trainer.global_step)
        if time.monotonic() - self._looked >= (_BAR if self._progress.console.is_terminal else _LINES):
            self._look(trainer, self._progress)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Show the last figures."""
        if self._progress is not None:
            self._look(trainer, self._progress)

    def on_validation_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Say why the bar stands still."""
        self._describe("Validation")

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Go on."""
        self._describe("Training")

    def teardown(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Leave the last state on the terminal."""
        self._stop()

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """Leave the last state on the terminal; Lightning tears nothing down after an error."""
        self._stop()

    def _stop(self) -> None:
        if self._progress is not None:
            self._progress.stop()
            self._progress = None

    def _describe(self, text: str) -> None:
        if self._progress is not None:
            self._progress.update(self._progress.task_ids[0], description=text)

    def _look(self, trainer: Trainer, progress: Progress) -> None:
        self._looked = time.monotonic()
        task, figures = progress.tasks[0], _figures(trainer)
        progress.update(task.id, figures=figures)
        if not progress.console.is_terminal:
            total = "" if task.total is None else f"/{task.total:.0f}"
            left = "" if task.time_remaining is None else f", {timedelta(seconds=task.time_remaining)} left"
            print(f"step {trainer.global_step}{total}, {figures}{left}", flush=True)


def _figures(trainer: Trainer) -> str:
    """``loss 1.234, 812 images/s``."""
    figures = {name: float(value) for name, value in trainer.progress_bar_metrics.items()}
    speed = figures.pop(IMAGES_PER_SECOND, None)
    texts = [f"{name.removeprefix('train/')} {value:.4g}" for name, value in figures.items()]
    return ", ".join([*texts, f"{speed:.0f} images/s"] if speed is not None else texts)
