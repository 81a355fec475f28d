"""The trainer that runs a network over faces; nothing is trained."""

from __future__ import annotations

from pytorch_lightning import Trainer

from fdemd.runs.embedding_progress import EmbeddingProgress
from fdemd.runs.trainer import create_trainer
from fdemd.settings import running


def single_device_trainer(settings: running.Trainer, *, show_progress: bool = True) -> Trainer:
    """Return a trainer of one process: ranking needs every feature in one place, and no face is embedded twice.

    Args:
        settings: The section ``trainer``, whose device and precision are taken.
        show_progress: Whether a bar shows how many faces are embedded.

    Raises:
        InputError: This machine has no such device, or Lightning no such precision.
    """
    return create_trainer(
        accelerator=settings.accelerator,
        precision=settings.precision,
        devices=1,
        logger=False,
        enable_progress_bar=show_progress,
        callbacks=[EmbeddingProgress()] if show_progress else [],
    )
