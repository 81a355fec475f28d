"""Faces of one's own -> features: what :func:`fdemd.embed` is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TypeAlias

import numpy as np
import torch
from torch import Tensor

from fdemd.backbones.backbone import Backbone
from fdemd.data.batch import as_numbers, face_item
from fdemd.embedding.batch import DTYPES, embed_faces
from fdemd.errors import InputError, unknown
from fdemd.faces.alignment import AlignedFace
from fdemd.faces.photographs import align_face
from fdemd.faces.pictures import colours_first
from fdemd.features import Features, join_features
from fdemd.settings.faces import DEFAULT_DETECTOR

Face: TypeAlias = str | Path | AlignedFace | np.ndarray | Tensor
"""Path of a photograph, whose face is aligned first, or an aligned face."""


def embed(
    backbone: Backbone,
    faces: Face | Sequence[Face],
    *,
    batch_size: int = 32,
    detector: str = DEFAULT_DETECTOR,
    dtype: str = "float16",
) -> Features:
    """Embed faces by a network.

    Args:
        backbone: Network in evaluation mode, such as :func:`fdemd.create_backbone` gives it.
        faces: One face or several. A path is a photograph, in which the face is found and aligned; everything else is
            aligned already: what :func:`fdemd.align_face` gives, or an array ``(H, W, 3)`` or ``(3, H, W)`` of the
            network's ``face_size``, RGB, uint8 or floating point in [0, 1]. An array with one dimension more holds
            several faces.
        batch_size: Number of faces that go through the network together.
        detector: Detector for photographs, ``yunet``, ``dlib`` or ``mtcnn``.
        dtype: Precision in which patches are kept: ``float16``, which halves the memory, ``bfloat16`` for values of any
            size, or ``float32``. The default is that of the setting ``features.dtype``, so that re-ranking gives the
            figures of a run. Embeddings are of float32.

    Returns:
        Features of the faces in their order, on the network's device; with landmarks unless some faces are arrays.

    Raises:
        InputError: A photograph cannot be read or shows no face, an array is no face of the network's size, the network
            gives numbers that are not finite, or patches that ``dtype`` cannot hold.

    Examples:
        >>> import fdemd
        >>> from fdemd.data.sources import orl_manifest
        >>> orl = orl_manifest()
        >>> backbone = fdemd.create_backbone("dlib")
        >>> features = embed(backbone, [orl.root / "s1/1.pgm", orl.root / "s1/2.pgm"])
        >>> features.embedding.shape, features.patches.shape, features.grid
        (torch.Size([2, 128]), torch.Size([2, 64, 128]), (8, 8))
    """
    if backbone.training:
        raise InputError("The network is in training mode, in which a face depends on others; call backbone.eval().")
    if batch_size < 1:
        raise InputError(f"batch_size is {batch_size}; a batch has at least 1 face.")
    if dtype not in DTYPES:
        raise unknown("precision", dtype, DTYPES)
    device = next((tensor.device for tensor in backbone.parameters()), torch.device("cpu"))
    prepared = (_prepared(face, number, backbone, detector) for number, face in enumerate(_listed(faces)))
    with torch.inference_mode():
        found = [
            embed_faces(
                backbone,
                pictures.to(device),
                None if landmarks is None else landmarks.to(device),
                dtype=DTYPES[dtype],
            )
            for pictures, landmarks in _batches(prepared, batch_size)
        ]
    if not found:
        raise InputError("There are no faces to embed; give at least one.")
    return join_features(found)  # outside, so that gradients may start from these tensors


def _listed(faces: Face | Sequence[Face]) -> Iterable[Face]:
    """One face as a list of one; arrays of several as the faces in them."""
    alone = isinstance(faces, str | Path | AlignedFace) or getattr(faces, "ndim", 0) == 3
    return [faces] if alone else faces  # type: ignore[list-item, return-value]


def _prepared(face: object, number: int, backbone: Backbone, detector: str) -> tuple[Tensor, Tensor | None]:
    """A face as numbers in [0, 1], ``(3, H, W)``, and its landmarks ``(68, 2)`` as fractions of width and height."""
    name = f"faces[{number}]"
    if isinstance(face, str | Path):
        face = align_face(face, backbone, detector=detector)
    if isinstance(face, AlignedFace):
        item = face_item(face, number)
        picture: np.ndarray | Tensor = item["face"]
        points: Tensor | None = item["landmarks"]
    elif isinstance(face, np.ndarray | Tensor):
        picture, points = face, None
    else:
        raise InputError(
            f"{name} is of the type {type(face).__name__}; it must be the path of a photograph, an array, or what "
            "align_face gives for any other picture."
        )
    pixels = colours_first(picture, name)
    if pixels.shape[1:] != backbone.face_size:
        sizes = ["x".join(map(str, size)) for size in (pixels.shape[1:], backbone.face_size)]
        raise InputError(
            f"{name} has {sizes[0]} pixels, and the network takes {sizes[1]} (height x width); align_face(photograph, "
            "backbone) gives such faces."
        )
    return as_numbers(pixels).float(), points


def _batches(faces: Iterator[tuple[Tensor, Tensor | None]], size: int) -> Iterator[tuple[Tensor, Tensor | None]]:
    while some := list(islice(faces, size)):
        points = [each for _, each in some if each is not None]
        yield torch.stack([pixels for pixels, _ in some]), torch.stack(points) if len(points) == len(some) else None
