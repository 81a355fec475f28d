"""Aligned faces as items of batches: bytes from the loader, numbers for the network."""

from __future__ import annotations

from typing import TypedDict

import torch
from torch import Tensor

from fdemd.faces.alignment import AlignedFace


class FaceBatch(TypedDict):
    """A batch of aligned faces.

    ``face (B, 3, H, W)`` RGB: uint8 from the loader, float32 in [0, 1] for the network; ``landmarks (B, 68, 2)``
    float32, x and y as fractions of width and height; ``row (B,)`` in the manifest.
    """

    face: Tensor
    landmarks: Tensor
    row: Tensor


def as_numbers(faces: Tensor) -> Tensor:
    """Return faces as float32 in [0, 1].

    Args:
        faces: uint8, a quarter of the memory on their way between processes, or numbers already.
    """
    return faces.float() / 255 if faces.dtype == torch.uint8 else faces


def face_item(face: AlignedFace, row: int) -> FaceBatch:
    """Return one face as an item of a batch, without the dimension B.

    Args:
        face: The aligned face.
        row: Its row in the manifest.
    """
    height, width = face.image.shape[:2]
    return FaceBatch(
        face=torch.from_numpy(face.image).permute(2, 0, 1),
        landmarks=torch.from_numpy(face.landmarks) / torch.tensor([width, height]),
        row=torch.tensor(row),
    )
