"""A picture of the inputs of a network: faces after cropping, flipping and masking, with their names."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure
from pytorch_lightning import Callback, LightningModule, Trainer
from torch import Tensor

from fdemd.runs.files import write_figure
from fdemd.runs.loggers import RunLog

SHOWN = 32
"""Number of faces in the grid."""
_COLUMNS = 8


def face_grid(faces: Tensor, labels: Sequence[str], path: Path) -> None:
    """Write faces as one PNG, their labels beneath.

    Args:
        faces: Faces ``(B, 3, H, W)``, float RGB in [0, 1].
        labels: ``B`` texts.
        path: Path of the picture.

    Raises:
        ValueError: A face is not in [0, 1], which no network here is made for.
    """
    low, high = faces.min().item(), faces.max().item()
    if not (low >= -1e-3 and high <= 1 + 1e-3):
        raise ValueError(f"Faces go from {low:.3f} to {high:.3f}; they must lie in [0, 1].")
    rows = math.ceil(len(faces) / _COLUMNS)
    figure = Figure(figsize=(1.1 * _COLUMNS, 1.35 * rows), layout="constrained")
    axes = figure.subplots(rows, _COLUMNS, squeeze=False)
    for axis in axes.flat:
        axis.set_axis_off()
    pictures = faces.detach().float().clamp(0, 1).permute(0, 2, 3, 1).cpu().numpy()
    for axis, picture, label in zip(axes.flat, pictures, labels, strict=False):
        axis.imshow(picture)
        axis.text(0.5, -0.03, label, fontsize=7, ha="center", va="top", transform=axis.transAxes, parse_math=False)
    write_figure(path, figure)


class SaveInputGrid(Callback):
    """Saves the first faces of a training as ``inputs.png``, after all preprocessing and augmentation.

    Batches have ``face (B, 3, H, W)`` and ``row (B,)`` in ``trainer.datamodule.manifest``.
    """

    def __init__(self, log: RunLog) -> None:
        self._log = log
        self._saved = False

    def on_train_batch_start(
        self, trainer: Trainer, pl_module: LightningModule, batch: dict[str, Tensor], batch_idx: int
    ) -> None:
        """Save the first batch."""
        if self._saved or not trainer.is_global_zero:
            return
        self._saved = True
        datamodule: Any = trainer.datamodule  # type: ignore[attr-defined]
        photographs = datamodule.manifest.photographs
        names = [photographs[row].identity for row in batch["row"][:SHOWN].tolist()]
        path = self._log.folder / "inputs.png"
        face_grid(batch["face"][:SHOWN], names, path)
        self._log.picture("train/inputs", path, trainer.global_step)
