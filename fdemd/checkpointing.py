"""How the state of a training run is kept: whole files of plain values, whatever interrupts it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from lightning_fabric.plugins.io import CheckpointIO

from fdemd.errors import InputError


class PlainCheckpoints(CheckpointIO):
    """Writes beside the old file, then takes its place, so that a kill leaves either; reads tensors and plain values.

    Lightning's own way writes to the folder for temporary files, from where a large file is copied, not renamed.
    """

    def save_checkpoint(self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any = None) -> None:
        """Write a checkpoint.

        Raises:
            InputError: the disk is full or the folder cannot be written.
        """
        path = Path(path)
        part = path.with_name(f"{path.name}.part")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with part.open("wb") as file:
                torch.save(checkpoint, file)
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
        except (OSError, RuntimeError) as error:  # PyTorch's writer turns a full disk into a RuntimeError
            with contextlib.suppress(OSError):
                part.unlink()
            reason = error.strerror if isinstance(error, OSError) else "no room or no permission"
            raise InputError(f"The checkpoint {path} cannot be written ({reason}).") from error

    def load_checkpoint(
        self,
        path: str | Path,
        map_location: Callable[..., Any] | None = lambda storage, loc: storage,
        weights_only: bool | None = None,
    ) -> dict[str, Any]:
        """Read a checkpoint without running anything in it.

        Raises:
            InputError: the file is missing, damaged or holds more than tensors and plain values.
        """
        return read_checkpoint(Path(path), map_location)

    def remove_checkpoint(self, path: str | Path) -> None:
        """Delete a checkpoint."""
        Path(path).unlink(missing_ok=True)


def read_checkpoint(path: Path, map_location: Any = "cpu") -> dict[str, Any]:
    """What :class:`PlainCheckpoints` wrote.

    Raises:
        InputError: the file is missing, damaged, no checkpoint of a training run, or holds more than plain values.
    """
    if not path.is_file():
        raise InputError(f"The checkpoint {path} does not exist; give the folder of a run with resume=FOLDER.")
    try:
        checkpoint = torch.load(path, map_location=map_location, weights_only=True)
    except Exception as error:  # a damaged pickle can fail in any way: KeyError, EOFError, struct.error, ...
        raise InputError(
            f"{path} cannot be read: it is damaged, or holds more than tensors and plain values."
        ) from error
    if not isinstance(checkpoint, dict) or not {"state_dict", "loops", RUN} <= checkpoint.keys():
        raise InputError(f"{path} is not a checkpoint of train.py; weights alone are given with model.checkpoint=PATH.")
    return checkpoint


RUN = "fdemd"
"""Key of a checkpoint under which the run's settings stand, as plain values."""
