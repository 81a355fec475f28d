"""The faces of one manifest, clean and as every kind of query: what evaluations and validations look at."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path

import numpy as np
import torch
from pytorch_lightning import LightningDataModule
from torch import Tensor

from fdemd.data.accounting import Account, account
from fdemd.data.aligned import NO_FACE, AlignedFaces, aligned_faces
from fdemd.data.dataset import FaceDataset
from fdemd.data.manifest import Manifest, check_identities
from fdemd.data.twins import Twins, find_twins, warn_of_twins, with_shared_sources
from fdemd.errors import InputError
from fdemd.faces.landmarks import check_detector
from fdemd.faces.queries import QueryMaker
from fdemd.settings.section import Section

MakeQueries = Callable[[Manifest, AlignedFaces, Tensor, Tensor], AlignedFaces]
"""Manifest, its aligned faces, rows of the queries and of the gallery -> the faces of the queries of one kind."""


class FaceDataModule(LightningDataModule):
    """Aligned faces of one manifest, clean and as every kind of query.

    Attributes:
        manifest: The photographs; those of one person that are one picture share their source after :meth:`setup`.
        makers: Kind of query -> what makes it, ``clean`` first.
        faces: Aligned faces, after :meth:`setup`.
        query_rows: Manifest rows of the queries that have a face, after :meth:`setup`.
        gallery_rows: Manifest rows of the gallery that have a face, after :meth:`setup`.
        missed_rows: Manifest rows of the queries whose face was not found, which count as misses.
        twins: Photographs that are one picture.
    """

    faces: AlignedFaces
    twins = Twins({}, {})
    query_rows: Tensor
    gallery_rows: Tensor
    missed_rows: Tensor

    def __init__(
        self,
        manifest: Manifest,
        queries: Mapping[str, Section],
        *,
        alignment: str,
        face_size: tuple[int, int],
        seed: int,
        detector: str,
        batch_size: int,
        num_workers: int,
        cache: Path,
        precomputed: Mapping[str, MakeQueries] | None = None,
    ) -> None:
        """Describe the data.

        Args:
            manifest: The photographs.
            queries: Kind of query -> its section of settings.
            alignment: Alignment that the network takes, a name in :data:`fdemd.faces.alignment.TEMPLATES`.
            face_size: Size ``(height, width)`` that the network takes, in pixels.
            seed: Seed of the occlusions.
            detector: Face detector, a name in :data:`fdemd.faces.landmarks.DETECTORS`.
            batch_size: Number of faces in a batch, 1 or more.
            num_workers: Number of processes that read and occlude, 0 or more.
            cache: Folder that keeps aligned faces.
            precomputed: Kinds of query that cannot be made face by face -> what makes all faces of the kind.

        Raises:
            InputError: There is no such kind of query, or no such detector.
        """
        super().__init__()
        self.manifest, self.cache = manifest, cache
        self.alignment, self.face_size = alignment, face_size
        self._precomputed = dict(precomputed or {})
        clean = QueryMaker("clean", face_size, seed)
        self.makers = {"clean": clean}
        self.makers |= {kind: QueryMaker(kind, face_size, seed, settings) for kind, settings in queries.items()}
        self.makers |= dict.fromkeys(self._precomputed, clean)
        self.detector = check_detector(detector)
        self.batch_size, self.num_workers = batch_size, num_workers
        self._removed_people: frozenset[str] = frozenset()
        self._account: Account | None = None

    def setup(self, stage: str) -> None:
        """Align what is not aligned yet, and see which photographs can be used.

        Args:
            stage: Stage of the trainer, which makes no difference.

        Raises:
            InputError: Fewer than two people are left.
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
            for kind, make in self._precomputed.items()
        }

    def leave_out(self, people: Collection[str]) -> None:
        """Take some people out of queries and gallery, once :meth:`setup` is done.

        Args:
            people: Their names.

        Raises:
            InputError: Fewer than two people are left.
        """
        photographs = self.manifest.photographs
        self._removed_people |= frozenset(people)
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
                aside=lambda each: not (each.is_query or each.is_gallery) or each.identity in self._removed_people,
                twins=self.twins,
            )
        return self._account

    def faces_of(self, kind: str) -> AlignedFaces:
        """Return the faces that queries of a kind are made from: the aligned photographs, or precomputed faces.

        Args:
            kind: Kind of query.
        """
        return self._faces_of.get(kind, self.faces)

    def query_face(self, kind: str, row: int) -> np.ndarray:
        """Return the picture ``(H, W, 3)`` uint8 of one query.

        Args:
            kind: Kind of query.
            row: Row of the manifest.
        """
        return self.makers[kind](self.faces_of(kind).face(row), self.manifest.photographs[row].path).image

    def test_sets(self) -> dict[str, FaceDataset]:
        """Return kind of query -> its faces, in the order of ``makers``: every usable face clean, then the queries."""
        everyone = torch.cat([self.query_rows, self.gallery_rows]).unique()
        return {
            kind: FaceDataset(
                self.faces_of(kind), self.manifest, everyone if kind == "clean" else self.query_rows, maker
            )
            for kind, maker in self.makers.items()
        }


def _rows(rows: Iterable[int]) -> Tensor:
    return torch.tensor(list(rows), dtype=torch.long)
