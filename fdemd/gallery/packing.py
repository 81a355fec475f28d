"""Embeddings, patches and pictures as bytes in the database, and back; plain numbers, little-endian, never pickled."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from fdemd.embedding.batch import DTYPES
from fdemd.features import Features
from fdemd.tensors.directions import unit


def pack_embedding(features: Features) -> bytes:
    """Return the embedding of one face, of unit length, as float32."""
    return unit(features.embedding, "the embedding")[0].cpu().numpy().astype("<f4").tobytes()


def unpack_embeddings(packed: Sequence[bytes]) -> Tensor:
    """Return embeddings ``(B, D)`` float32.

    Examples:
        >>> face = Features([[3.0, 4.0]], [[[1.0, 2.0]]])
        >>> unpack_embeddings([pack_embedding(face)])
        tensor([[0.6000, 0.8000]])
    """
    numbers = np.frombuffer(b"".join(packed), "<f4").astype(np.float32)
    return torch.from_numpy(numbers).view(len(packed), -1)


def pack_patches(features: Features) -> bytes:
    """Return the patches of one face as the bytes of their precision."""
    return features.patches[0].cpu().contiguous().view(torch.uint8).numpy().tobytes()


def unpack_patches(packed: Sequence[bytes], patches: int, dtype: str) -> Tensor:
    """Return patches ``(B, N, C)``.

    Args:
        packed: Bytes of each face.
        patches: N, the number of patches of a face.
        dtype: Precision, a name in :data:`fdemd.embedding.batch.DTYPES`.
    """
    numbers = torch.frombuffer(bytearray(b"".join(packed)), dtype=DTYPES[dtype])
    return numbers.view(len(packed), patches, -1)


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
