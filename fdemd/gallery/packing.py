"""Embeddings, patches and pictures as bytes in the database, and back; plain numbers, little-endian, never pickled."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from fdemd.embedding.batch import DTYPES
from fdemd.emd.compact import BYTES_OF_SCALE
from fdemd.features import Features
from fdemd.gallery.pin import COMPACT
from fdemd.tensors.directions import unit

STORED = {**DTYPES, COMPACT: torch.int8}
"""Precision of patches -> the type of their numbers."""


def pack_embedding(features: Features) -> bytes:
    """Return the embedding of one face, of unit length, as float32."""
    return unit(features.embedding, "the embedding")[0].cpu().numpy().astype("<f4").tobytes()


def unpack_embeddings(packed: Sequence[bytes]) -> Tensor:
    """Return embeddings ``(B, D)`` float32.

    Examples:
        >>> face = Features([[3.0, 4.0]], [[[1.0, 2.0]]]).to(torch.float32)
        >>> unpack_embeddings([pack_embedding(face)])
        tensor([[0.6000, 0.8000]])
    """
    numbers = np.frombuffer(b"".join(packed), "<f4").astype(np.float32)
    return torch.from_numpy(numbers).view(len(packed), -1)


def pack_patches(features: Features) -> bytes:
    """Return the patches of one face, one after the other; of a compact one its numbers and then its scale."""
    parts = [features.patches[0]] if features.scale is None else [features.patches[0], features.scale[0].half()]
    return torch.cat([part.cpu().contiguous().view(torch.uint8) for part in parts], dim=1).numpy().tobytes()


def unpack_features(embeddings: Tensor, packed: Sequence[bytes], grid: tuple[int, int], dtype: str) -> Features:
    """Return features of ``B`` faces.

    Args:
        embeddings: Their embeddings ``(B, D)``.
        packed: Bytes of each face's patches.
        grid: Rows and columns of the patches.
        dtype: Precision of the patches, a name in :data:`STORED`.

    Examples:
        >>> face = Features([[3.0, 4.0]], [[[1.0, 2.0]]]).to(torch.float32)
        >>> unpack_features(face.embedding, [pack_patches(face)], (1, 1), "float32").patches
        tensor([[[1., 2.]]])
    """
    of_patch = torch.frombuffer(bytearray(b"".join(packed)), dtype=torch.uint8).view(len(packed), grid[0] * grid[1], -1)
    if dtype != COMPACT:
        return Features(embeddings, of_patch.view(STORED[dtype]), grid)
    numbers, scale = (part.contiguous() for part in of_patch.split(of_patch.shape[2] - BYTES_OF_SCALE, dim=2))
    return Features(embeddings, numbers.view(torch.int8), grid, scale=scale.view(torch.float16))


def as_png(image: np.ndarray) -> bytes:
    """Return a picture ``(H, W, 3)`` uint8 RGB as a PNG file."""
    file = io.BytesIO()
    Image.fromarray(image).save(file, "PNG")
    return file.getvalue()


def from_png(content: bytes) -> np.ndarray:
    """Return what :func:`as_png` was given.

    Examples:
        >>> from_png(as_png(np.full((2, 3, 3), 7, np.uint8))).shape
        (2, 3, 3)
    """
    with Image.open(io.BytesIO(content), formats=("PNG",)) as image:
        return np.array(image.convert("RGB"))
