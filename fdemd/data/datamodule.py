"""The one source of faces for training and evaluation."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import Any, TypedDict

import numpy as np
import torch
from pytorch_lightning import LightningDataModule
from torch import Tensor
from torch.utils.data import Dataset

from fdemd.data.accounting import Account, account
from fdemd.data.aligned import NO_FACE, AlignedFaces, aligned_faces
from fdemd.data.manifest import Manifest, check_identities
from fdemd.data.twins import Twins, find_twins, warn_of_twins, with_shared_sources
from fdemd.errors import InputError
from fdemd.faces.landmarks import check_detector
from fdemd.faces.queries import QueryMaker

MadeAhead = Callable[[Manifest, AlignedFaces, Tensor, Tensor], AlignedFaces]
"""Manifest, its aligned faces, rows of the queries and of the gallery -> the faces of the queries of some kind."""


class FaceBatch(TypedDict):
    """A batch of aligned faces.

    ``face (B, 3, H, W)`` RGB: uint8 from the loader, float32 in [0, 1] for the network; ``landmarks (B, 68, 2)``
    float32, x and y as fractions of width and height; ``row (B,)`` in the manifest.
    """

    face: Tensor
    landmarks: Tensor
    row: Tensor


def as_numbers(faces: Tensor) -> Tensor:
    """Bytes, a quarter of the memory on their way between processes, as the float32 in [0, 1] that they stand for."""
    return faces.float() / 255 if faces.dtype == torch.uint8 else faces


class FaceDataset(Dataset[FaceBatch]):
    """Some rows of a manifest as one kind of query (``clean`` for the gallery)."""

    def __init__(self, faces: AlignedFaces, manifest: Manifest, rows: Tensor, maker: QueryMaker) -> None:
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
        face = self.maker(self.faces.face(row), self.manifest.photographs[row].path)
        height, width = face.image.shape[:2]
        return FaceBatch(
            face=torch.from_numpy(face.image).permute(2, 0, 1),
            landmarks=torch.from_numpy(face.landmarks) / torch.tensor([width, height]),
            row=torch.tensor(row),
        )


class FaceDataModule(LightningDataModule):
    """Aligned faces of one manifest, clean and as every kind of query.

    After :meth:`setup`: ``faces`` are the aligned faces, ``query_rows`` and ``gallery_rows`` the manifest rows that
    have one, ``missed_rows`` the queries whose face was not found (they count as misses), ``twins`` the photographs
    that are one picture; those of one person share their source in ``manifest``.
    """

    faces: AlignedFaces
    twins = Twins({}, {})
    query_rows: Tensor
    gallery_rows: Tensor
    missed_rows: Tensor

    def __init__(
        self,
        manifest: Manifest,
        queries: Mapping[str, Mapping[str, Any]],
        *,
        alignment: str,
        face_size: tuple[int, int],
        seed: int,
        detector: str,
        batch_size: int,
        num_workers: int,
        cache: Path,
        made_ahead: Mapping[str, MadeAhead] | None = None,
    ) -> None:
        """Describe the data.

        Args:
            manifest: the photographs.
            queries: kind of query -> its settings.
            alignment: that the network takes, a name in :data:`fdemd.faces.alignment.TEMPLATES`.
            face_size: ``(height, width)`` that the network takes.
            seed: of the occlusions.
            detector: a name in :data:`fdemd.faces.landmarks.DETECTORS`.
            batch_size: faces a batch.
            num_workers: processes that read and occlude.
            cache: folder that keeps aligned faces.
            made_ahead: kinds of query that cannot be made face by face, and what makes all faces of the kind.

        Raises:
            InputError: a number out of range, an unknown kind of query or a setting of it out of range.
        """
        super().__init__()
        if batch_size < 1:
            raise InputError(f"data.batch_size is {batch_size}; a batch has at least 1 face.")
        if num_workers < 0:
            raise InputError(f"data.num_workers is {num_workers}; it must be 0 (no extra process) or more.")
        self.manifest, self.cache = manifest, cache
        self.alignment, self.face_size = alignment, face_size
        self.makers = {
            kind: QueryMaker(kind, self.face_size, seed, **settings)
            for kind, settings in {"clean": {}, **queries}.items()
        }
        self._made_ahead = dict(made_ahead or {})
        self.makers |= {kind: QueryMaker("clean", self.face_size, seed) for kind in self._made_ahead}
        self.detector = check_detector(detector)
        self.batch_size, self.num_workers = batch_size, num_workers
        self._kept_out: frozenset[str] = frozenset()
        self._account: Account | None = None

    def setup(self, stage: str) -> None:
        """Align what is not aligned yet, and see which photographs can be used.

        Raises:
            InputError: fewer than two people are left.
        """
        self._account = None
        self.faces = aligned_faces(
            self.manifest,
            self.alignment,
            self.face_size,
            cache=self.cache,
            detector=self.detector,
            num_workers=self.num_workers,
        )
        twins = find_twins(self.manifest, self.faces)
        if twins != self.twins:  # a training sets up twice
            warn_of_twins(self.manifest, twins)
        self.twins, self.manifest = twins, with_shared_sources(self.manifest, twins)
        without = {entry.row for entry in self.faces.left_out}
        not_found = {entry.row for entry in self.faces.left_out if entry.problem == NO_FACE}
        photographs = self.manifest.photographs
        usable = [row for row in range(len(photographs)) if row not in without]
        check_identities(
            (photographs[row] for row in usable), f"{self.manifest.root}, after leaving out what has no face,"
        )
        self.query_rows = _rows(row for row in usable if photographs[row].is_query)
        self.gallery_rows = _rows(row for row in usable if photographs[row].is_gallery)
        if not len(self.query_rows) or not len(self.gallery_rows):
            raise InputError(f"No usable photograph of {self.manifest.root} is marked as query, or none as gallery.")
        self.missed_rows = _rows(row for row in sorted(not_found) if photographs[row].is_query)
        self._faces_of = {
            kind: make(self.manifest, self.faces, self.query_rows, self.gallery_rows)
            for kind, make in self._made_ahead.items()
        }

    def leave_out(self, people: Collection[str]) -> None:
        """Take some people out of queries and gallery, once :meth:`setup` is done.

        Raises:
            InputError: fewer than two people are left.
        """
        photographs = self.manifest.photographs
        self._kept_out |= frozenset(people)
        self._account = None

        def others(rows: Tensor) -> Tensor:
            return _rows(row for row in rows.tolist() if photographs[row].identity not in people)

        self.query_rows, self.gallery_rows = others(self.query_rows), others(self.gallery_rows)
        self.missed_rows = others(self.missed_rows)
        where = f"{self.manifest.root}, without the people of the cohort,"
        check_identities((photographs[row] for row in self.gallery_rows.tolist()), where)

    @property
    def account(self) -> Account:
        """What became of every row of the manifest, once :meth:`setup` is done."""
        if self._account is None:
            self._account = account(
                self.manifest,
                self.faces,
                aside=lambda each: not (each.is_query or each.is_gallery) or each.identity in self._kept_out,
                twins=self.twins,
            )
        return self._account

    def faces_of(self, kind: str) -> AlignedFaces:
        """The faces that queries of a kind are made from: the aligned photographs, or what was made ahead of them."""
        return self._faces_of.get(kind, self.faces)

    def query_face(self, kind: str, row: int) -> np.ndarray:
        """The picture ``(H, W, 3)`` uint8 that a manifest row is as one kind of query."""
        return self.makers[kind](self.faces_of(kind).face(row), self.manifest.photographs[row].path).image

    def test_sets(self) -> dict[str, FaceDataset]:
        """Kind of query -> its faces, in the order of ``makers``: every usable face clean, then the queries."""
        everyone = torch.cat([self.query_rows, self.gallery_rows]).unique()
        return {
            kind: FaceDataset(
                self.faces_of(kind), self.manifest, everyone if kind == "clean" else self.query_rows, maker
            )
            for kind, maker in self.makers.items()
        }


def _rows(rows: Iterable[int]) -> Tensor:
    return torch.tensor(list(rows), dtype=torch.long)
