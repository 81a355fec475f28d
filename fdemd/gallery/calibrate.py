"""Which scores strangers reach in a gallery: measured on its own people, each searched for among the others."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import suppress

import numpy as np
import torch
from sqlalchemy import select
from torch import Tensor

from fdemd.features import Features, join_features
from fdemd.gallery.cohort import Cohort
from fdemd.gallery.comparing import DEPTH, NOT_ENROLLED
from fdemd.gallery.database import Database
from fdemd.gallery.faces import FaceReader
from fdemd.gallery.index import Snapshot
from fdemd.gallery.kept_calibrations import find_calibration, keep_calibration, scale_of
from fdemd.gallery.occlusions import CLEAN, occluded
from fdemd.gallery.packing import from_png
from fdemd.gallery.refusals import UnavailableError
from fdemd.gallery.schema import Photograph
from fdemd.gallery.search import Search
from fdemd.gallery.threshold import FEWEST, Calibration
from fdemd.tensors.directions import unit

ENOUGH = 100
"""People from which on each of them is a stranger to the rest; with fewer, pairs of people count, the cohort's too."""
_GROWN = 1.1
"""A gallery that has so many times the people, or so many times fewer, is measured again."""
_SEARCHES, _DRAWN = 1000, 500
"""People who are searched for at most, and of those who wear something drawn. Of 200 a rate of 1 % comes out as one
between 0.9 and 2.7 %, as chance has it (docs/thresholds.md)."""
_ASKED = 200
"""Faces, at most, that are compared with all others where pairs count."""
_PHOTOGRAPHS = 5
"""Photographs of a person, at most, where pairs count."""
_SAME_PICTURE = 0.999


class Thresholds:
    """The calibrations of one gallery, measured when they are first needed and again as it grows or shrinks.

    They are kept in the database, for other processes and for later.
    """

    def __init__(self, database: Database, search: Search, reader: FaceReader, cohort: Cohort) -> None:
        """Take what measures."""
        self._database, self._search, self._reader, self._cohort = database, search, reader, cohort
        self._scale = scale_of(search.pin, search.rerank)
        self._known: dict[str, tuple[Calibration, int]] = {}
        self._drawn_strangers: dict[str, Features] = {}
        self._lock = threading.Lock()
        self.pairs = Calibration.of(_cosines_of_strangers(cohort), people=1)

    def of(self, snapshot: Snapshot, kind: str = CLEAN) -> Calibration:
        """Return the scores of strangers who wear something, or nothing, in a gallery as it is now.

        Args:
            snapshot: The gallery.
            kind: A name in :data:`fdemd.gallery.occlusions.KINDS`.

        Raises:
            OutdatedError: The gallery changed since, see :class:`fdemd.gallery.comparing.Comparing`.
        """
        people = max(snapshot.size, 1)
        known = self._known.get(kind)
        if known is not None:
            if _is_near(known[1], people) or not self._lock.acquire(blocking=False):
                return known[0]  # it is near enough, or will be measured anew in a moment by another thread
        else:
            self._lock.acquire()
        try:
            if self._known.get(kind) is known:  # no other thread measured while this one waited
                self._known[kind] = self._kept(kind, people) or self._measure_and_keep(snapshot, kind, people)
            return self._known[kind][0]
        finally:
            self._lock.release()

    def last(self, kind: str) -> Calibration | None:
        """Return the scores of strangers who wear something as they were measured last; None if they never were."""
        if kind in self._known:
            return self._known[kind][0]
        with self._database.read() as session:
            found = find_calibration(session, kind, self._scale)
        return None if found is None else found[0]

    def measure(self, snapshot: Snapshot, kind: str = CLEAN) -> Calibration:
        """Measure the scores anew, without keeping them; see :meth:`of`."""
        people = max(snapshot.size, 1)
        if people < ENOUGH:
            return self._measure_pairs(snapshot, kind)
        rows = _spread(_photographs_of_each(snapshot, 1), _SEARCHES if kind == CLEAN else _DRAWN)
        if kind == CLEAN:
            query, own = self._enrolled(snapshot, rows)
        else:
            query, own = self._drawn_on_enrolled(kind, snapshot, rows)
        if len(own) < FEWEST:  # a gallery that keeps hardly any pictures: strangers of the cohort wear it instead
            query = self._drawn_on_strangers(kind)
            own = torch.full((len(query),), NOT_ENROLLED)
        found = self._search.people(query, snapshot, own.tolist())
        return Calibration.of(np.array([line[0].score for line in found if line]), people - 1)

    def _kept(self, kind: str, people: int) -> tuple[Calibration, int] | None:
        with self._database.read() as session:
            found = find_calibration(session, kind, self._scale)
        return found if found is not None and _is_near(found[1], people) else None

    def _measure_and_keep(self, snapshot: Snapshot, kind: str, people: int) -> tuple[Calibration, int]:
        calibration = self.measure(snapshot, kind)
        with suppress(UnavailableError), self._database.write() as session:  # if it must be, it is measured again
            keep_calibration(session, kind, self._scale, calibration, people)
        return calibration, people

    def _measure_pairs(self, snapshot: Snapshot, kind: str) -> Calibration:
        """Compare faces with each other person, of gallery and cohort: a search is one chance for every person.

        What is worn is drawn on the cohort's faces.
        """
        enrolled, people = self._enrolled(snapshot, _photographs_of_each(snapshot, _PHOTOGRAPHS))
        apart = _not_enrolled(self._cohort, enrolled)
        apart = apart[: DEPTH - len(people)]  # all are compared with all
        strangers = self._compared(self._cohort.features[apart])
        numbers = NOT_ENROLLED - 1 - self._cohort.people[apart]
        joined = join_features([enrolled, strangers]) if len(people) else strangers
        own = torch.cat([people, numbers])
        everybody = Snapshot(0, unit(joined.embedding, "the embeddings"), torch.arange(len(own)), own, {})
        if kind == CLEAN:
            asked = torch.from_numpy(_spread(np.arange(len(own)), _ASKED))
            query, own = joined[asked], own[asked]
        else:
            query, own = self._drawn_on_strangers(kind)[apart], numbers
        found = self._search.everybody(query, everybody, joined, own.tolist())
        return Calibration.of(np.array([match.score for line in found for match in line]), people=1)

    def _enrolled(self, snapshot: Snapshot, rows: np.ndarray) -> tuple[Features, Tensor]:
        """Features of enrolled faces, and their people."""
        wanted = torch.from_numpy(rows)
        if not self._search.reranks:
            embeddings, there = self._search.embeddings(snapshot, wanted)
            return _bare(embeddings), snapshot.people[there]
        found, photographs = self._search.stored.features(snapshot.photographs[wanted])
        people = snapshot.people[torch.searchsorted(snapshot.photographs, photographs)]
        return found or _bare(torch.zeros(0, 1)), people

    def _drawn_on_enrolled(self, kind: str, snapshot: Snapshot, rows: np.ndarray) -> tuple[Features, Tensor]:
        people = dict(zip(snapshot.photographs[rows].tolist(), snapshot.people[rows].tolist(), strict=True))
        with self._database.read() as session:
            query = select(Photograph.id, Photograph.thumbnail).where(Photograph.id.in_(list(people)))
            found = [(number, content) for number, content in session.execute(query) if content is not None]
        if not found:
            return _bare(torch.zeros(0, 1)), torch.zeros(0, dtype=torch.long)
        drawn = self._drawn(kind, [from_png(content) for _, content in found])
        return drawn, torch.tensor([people[number] for number, _ in found])

    def _drawn_on_strangers(self, kind: str) -> Features:
        """Features of the cohort's faces with something drawn on them, which no change of the gallery changes."""
        if kind not in self._drawn_strangers:
            self._drawn_strangers[kind] = self._drawn(kind, self._cohort.images)
        return self._drawn_strangers[kind]

    def _drawn(self, kind: str, images: Sequence[np.ndarray]) -> Features:
        return self._compared(self._reader.embed(occluded(kind, images, self._reader.preprocessing)))

    def _compared(self, features: Features) -> Features:
        return features if self._search.reranks else _bare(features.embedding)


def _is_near(measured: int, people: int) -> bool:
    """Whether a gallery has still about as many people as when it was measured."""
    return measured / _GROWN < people < measured * _GROWN


def _bare(embedding: Tensor) -> Features:
    """Features that only the first stage looks at."""
    return Features(embedding, torch.zeros(len(embedding), 1, 1))


def _photographs_of_each(snapshot: Snapshot, most: int) -> np.ndarray:
    """Return the rows of the first photographs of each person, in rising order."""
    people = snapshot.people.numpy()
    order = np.argsort(people, kind="stable")
    starts = np.r_[0, np.flatnonzero(np.diff(people[order])) + 1] if len(order) else np.zeros(0, int)
    place = np.arange(len(order)) - np.repeat(starts, np.diff(np.r_[starts, len(order)]))
    return np.sort(order[place < most])


def _spread(rows: np.ndarray, most: int) -> np.ndarray:
    """Return at most so many of some rows, evenly spread over them."""
    if len(rows) <= most:
        return rows
    return rows[np.linspace(0, len(rows) - 1, most).round().astype(int)]


def _not_enrolled(cohort: Cohort, enrolled: Features) -> Tensor:
    """Return the rows of strangers no picture of whom is enrolled: the cohort's pictures are public."""
    if not len(enrolled):
        return torch.arange(len(cohort))
    cosine = unit(cohort.features.embedding, "the cohort") @ unit(enrolled.embedding, "the gallery").T
    known = cohort.people[(cosine > _SAME_PICTURE).any(1)]
    apart = (~torch.isin(cohort.people, known)).nonzero()[:, 0]
    return apart if len(apart) else torch.arange(len(cohort))


def _cosines_of_strangers(cohort: Cohort) -> np.ndarray:
    """Return the cosines of all pairs of faces of two strangers."""
    faces = unit(cohort.features.embedding, "the cohort")
    cosine = (faces @ faces.T)[cohort.people[:, None] < cohort.people]
    return cosine.numpy()
