"""The trainer that runs a network over faces; nothing is trained."""

from __future__ import annotations

from pytorch_lightning import Trainer
from pytorch_lightning.utilities.exceptions import MisconfigurationException

from fdemd.errors import InputError
from fdemd.runs.embedding_progress import EmbeddingProgress
from fdemd.runs.quiet import quiet_lightning
from fdemd.settings import running


def single_device_trainer(settings: running.Trainer, *, show_progress: bool = True) -> Trainer:
    """Return a trainer of one process: ranking needs every feature in one place, and no face is embedded twice.

    Args:
        settings: The section ``trainer``, whose device and precision are taken.
        show_progress: Whether a bar shows how many faces are embedded.

    Raises:
        InputError: This machine has no such device, or Lightning no such precision.
    """
    quiet_lightning()
    try:
        return Trainer(
            accelerator=settings.accelerator,
            precision=settings.precision,
            devices=1,
            logger=False,
            enable_checkpointing=False,
            enable_model_summary=False,
            enable_progress_bar=show_progress,
            callbacks=[EmbeddingProgress()] if show_progress else [],
        )
    except (MisconfigurationException, ValueError, ImportError) as error:
        raise InputError(f"The trainer cannot be set up: {error}") from error
