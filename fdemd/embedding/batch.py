"""A batch of faces -> features, checked, with patches in the precision that they are kept in."""

from __future__ import annotations

import torch
from torch import Tensor

from fdemd.backbones.backbone import Backbone
from fdemd.data.batch import FaceBatch
from fdemd.errors import InputError
from fdemd.features import Features, check_patches

DTYPES = {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}
"""Setting ``features.dtype`` -> precision in which patches are kept."""
_ROUNDING = 0.01
"""Largest mean error of rounding, as a share of the mean patch value; twice what bfloat16 does to any numbers."""


def embed_batch(backbone: Backbone, batch: FaceBatch, dtype: torch.dtype = torch.float32) -> Features:
    """Embed a batch of a data set.

    Args:
        backbone: Network in evaluation mode.
        batch: Faces with numbers in [0, 1], on the network's device.
        dtype: Precision in which patches are kept.

    Raises:
        InputError: As :func:`embed_faces`.
    """
    return embed_faces(backbone, batch["face"], batch["landmarks"].float(), rows=batch["row"], dtype=dtype)


def embed_faces(
    backbone: Backbone,
    faces: Tensor,
    landmarks: Tensor | None = None,
    *,
    rows: Tensor | None = None,
    dtype: torch.dtype = torch.float32,
) -> Features:
    """Embed faces that are ready for the network; embeddings in float32, patches rounded to ``dtype``.

    Args:
        backbone: Network in evaluation mode.
        faces: ``(B, 3, H, W)`` in [0, 1], on the network's device.
        landmarks: ``(B, 68, 2)`` as fractions of width and height.
        rows: ``(B,)`` of the manifest, for the error.
        dtype: Precision in which patches are kept.

    Raises:
        InputError: The network gave something that is not a finite number, no patches, or some that ``dtype`` cannot
            hold.
    """
    found = backbone(faces)
    check_patches(found, "what the network gives")
    if not (found.embedding.isfinite().all() and found.patches.isfinite().all()):
        among = "" if rows is None else f" among rows {rows.tolist()} of the manifest"
        raise InputError(
            f"The network gave numbers that are not finite for a face{among}; its weights or its precision are at "
            "fault."
        )
    return Features(found.embedding.float(), _rounded(found.patches, dtype), found.grid, landmarks)


def _rounded(patches: Tensor, dtype: torch.dtype) -> Tensor:
    """Patches in another precision, checked: beyond its range there is infinity, and below it nothing."""
    kept = patches.to(dtype)
    error = (kept.float() - patches.float()).abs().mean(dtype=torch.float64)
    size = patches.float().abs().mean(dtype=torch.float64)
    if not error <= _ROUNDING * size:
        name = str(dtype).removeprefix("torch.")
        raise InputError(
            f"The patches of this network, {size:.2g} on average and {patches.abs().max():.2g} at most, cannot be kept "
            f"in {name}, whose numbers lie between {torch.finfo(dtype).tiny:.2g} and {torch.finfo(dtype).max:.2g}; use "
            "features.dtype=bfloat16 or float32, in Python the dtype of embed."
        )
    return kept
