"""Lightning's Trainer as every job makes it: quiet, and with mistakes told as a sentence."""

from __future__ import annotations

from typing import Any

from pytorch_lightning import Trainer
from pytorch_lightning.utilities.exceptions import MisconfigurationException

from fdemd.errors import InputError
from fdemd.runs.quiet import quiet_lightning


def create_trainer(**arguments: Any) -> Trainer:
    """Create a Trainer that keeps no checkpoints of its own and prints no summary.

    Args:
        arguments: Arguments of :class:`pytorch_lightning.Trainer`.

    Raises:
        InputError: this machine has no such device, or Lightning no such precision or strategy.
    """
    quiet_lightning()
    try:
        return Trainer(**arguments, enable_checkpointing=False, enable_model_summary=False)
    except (MisconfigurationException, ValueError, ImportError) as error:
        raise InputError(f"The trainer cannot be set up: {error}") from error
