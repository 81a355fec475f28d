"""Rows of a manifest as batches of aligned faces."""

from __future__ import annotations

import hashlib
import json
from typing import Any, Protocol

from torch import Tensor
from torch.utils.data import Dataset

from fdemd.data.aligned import AlignedFaces
from fdemd.data.batch import FaceBatch, face_item
from fdemd.data.manifest import Manifest
from fdemd.faces.alignment import AlignedFace


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
