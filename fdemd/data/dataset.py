"""Rows of a manifest as batches of aligned faces."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Any, Protocol, TypedDict

import torch
from torch import Tensor
from torch.utils.data import Dataset, default_collate

from fdemd.data.aligned import AlignedFaces
from fdemd.data.manifest import Manifest
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


def face_batch(faces: Iterable[AlignedFace]) -> FaceBatch:
    """Return faces that belong to no manifest as a batch for a network; their rows count from 0.

    Args:
        faces: Aligned faces of one size.
    """
    batch: FaceBatch = default_collate([face_item(face, row) for row, face in enumerate(faces)])
    batch["face"] = as_numbers(batch["face"])
    return batch


class FaceMaker(Protocol):
    """Makes a face out of a clean one, such as :class:`fdemd.faces.queries.QueryMaker`."""

    @property
    def identity(self) -> dict[str, Any]:
        """What decides the face made from one of a given name, as plain values."""

    def __call__(self, face: AlignedFace, name: str) -> AlignedFace:
        """Return the face made from one whose photograph has this name."""


class FaceDataset(Dataset[FaceBatch]):
    """Some rows of a manifest as one kind of query (``clean`` for the gallery)."""

    def __init__(self, faces: AlignedFaces, manifest: Manifest, rows: Tensor, maker: FaceMaker) -> None:
        """Describe the data set.

        Args:
            faces: Aligned faces of the manifest.
            manifest: The photographs.
            rows: Rows of the manifest ``(n,)``.
            maker: Makes the query out of each face.
        """
        self.faces, self.manifest, self.rows, self.maker = faces, manifest, rows, maker

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def identity(self) -> dict[str, Any]:
        """What decides the faces and their order, as plain values."""
        rows = hashlib.sha256(json.dumps(self.rows.tolist()).encode()).hexdigest()
        return {"faces": self.faces.digest, "rows": rows, "query": self.maker.identity}

    def __getitem__(self, index: int) -> FaceBatch:
        row = int(self.rows[index])
        return face_item(self.maker(self.faces.face(row), self.manifest.photographs[row].path), row)
