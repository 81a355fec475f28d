"""Progress of embedding; Lightning's own bar writes nothing that a log can keep."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from pytorch_lightning import LightningModule, Trainer
from pytorch_lightning.callbacks import ProgressBar

from fdemd.runs.steady_progress import steady_progress


class EmbeddingProgress(ProgressBar):
    """Shows the number of faces embedded of all test loaders, whose batches have ``row (B,)``."""

    def __init__(self) -> None:
        super().__init__()
        self._shown = True
        self._open = ExitStack()
        self._advance: Callable[[int], None] = lambda faces: None

    def disable(self) -> None:
        """Show nothing, as in every process but the first."""
        self._shown = False

    def enable(self) -> None:
        """Show it again."""
        self._shown = True

    def on_test_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Count the faces."""
        if self._shown:
            faces = sum(len(loader.dataset) for loader in trainer.test_dataloaders)  # type: ignore[misc, union-attr]
            self._advance = self._open.enter_context(steady_progress("Embedding faces", faces))

    def on_test_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Add a batch."""
        self._advance(len(batch["row"]))

    def on_test_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Take the bar away."""
        self._close()

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """Take the bar away; Lightning ends nothing after an error."""
        self._close()

    def _close(self) -> None:
        self._open.close()
        self._advance = lambda faces: None
