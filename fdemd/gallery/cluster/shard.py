"""A shard: one part of a gallery in memory, which follows the change log and does its part of both stages."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from fdemd.errors import InputError
from fdemd.features import Features
from fdemd.gallery.cluster.patches import PatchesInMemory
from fdemd.gallery.comparing import ComparingHere
from fdemd.gallery.database import Database
from fdemd.gallery.index import Index, Part, Snapshot
from fdemd.gallery.pin import Pin, check_pinned
from fdemd.retrieval.ranking import NOBODY
from fdemd.retrieval.rerankers import build_reranker
from fdemd.settings.ranking import EmdRerank

_KEPT = 3
"""States that are kept: those who ask may have looked at the change log a moment earlier than the shard."""


@dataclass(frozen=True)
class Ranked:
    """A part's answer in the first stage.

    Attributes:
        change: Number of the change log that it stands on.
        photographs: ``(Q, L)`` numbers of the nearest faces, best first; ``NOBODY`` at the end.
        cosines: ``(Q, L)``.
    """

    change: int
    photographs: Tensor
    cosines: Tensor


@dataclass(frozen=True)
class _State:
    """What the part's faces were after each of the changes from ``first`` to ``last``, all others being elsewhere."""

    first: int
    last: int
    snapshot: Snapshot


class Shard:
    """One part of a gallery; for several threads at once."""

    def __init__(self, where: str, pin: Pin, part: Part, rerank: EmdRerank | None) -> None:
        """Read the part.

        Args:
            where: The gallery's database, see :class:`fdemd.gallery.database.Database`.
            pin: What the faces are of.
            part: Which faces.
            rerank: Settings of the second stage; None without one.

        Raises:
            InputError: The database cannot be used, or the gallery was moved to another network.
        """
        self._database = Database(where, create=False)
        with self._database.read() as session:
            check_pinned(session, pin, self._database.name)
        self._lock = threading.Lock()
        self._index = Index(self._database, part)
        self._patches = None if rerank is None else PatchesInMemory(self._database, pin)
        self._comparing = ComparingHere(self._features, None if rerank is None else build_reranker(rerank))
        self._states: tuple[_State, ...] = ()  # replaced as a whole, so that those who look need no lock
        self.follow()

    def follow(self) -> int:
        """Read what changed; return the number of the last change that is known now.

        Raises:
            InputError: The database cannot be read, or the gallery was moved to another network.
        """
        with self._lock:
            snapshot, states = self._index.current(), self._states
            if states and snapshot.change < states[-1].last:  # a database that was put back to an earlier state
                states = ()
            if states and _same_faces(states[-1].snapshot, snapshot):
                self._states = (*states[:-1], replace(states[-1], last=snapshot.change))
            else:
                if self._patches is not None:
                    self._patches.follow(snapshot.photographs)
                self._states = (*states, _State(snapshot.change, snapshot.change, snapshot))[-_KEPT:]
            return snapshot.change

    def rank(self, change: int, query: Tensor, own: Sequence[int] | None) -> Ranked | None:
        """Rank the part for each face by the cosine, as :meth:`fdemd.gallery.comparing.Comparing.rank` does.

        Args:
            change: Number of the change log that the answer is to stand on.
            query: Embeddings ``(Q, D)``.
            own: For each face the number of a person whom it is not compared with; None bars nobody.

        Returns:
            None if the part is not known as it was then.
        """
        if (snapshot := self._after(change)) is None:
            return None
        if not len(snapshot):
            return Ranked(change, torch.zeros(len(query), 0, dtype=torch.long), torch.zeros(len(query), 0))
        ranking = self._comparing.rank(query, snapshot, own)
        photographs = snapshot.photographs[ranking.indices].masked_fill(ranking.indices == NOBODY, NOBODY)
        return Ranked(change, photographs, ranking.scores)

    def similarities(self, change: int, query: Features, photographs: Tensor) -> Tensor:
        """Return the second stage's similarity, as :meth:`fdemd.gallery.comparing.Comparing.similarities` does.

        Args:
            change: Number of the change log that the photographs are from; whatever was removed since has no
                similarity.
            query: Features of ``Q`` faces.
            photographs: ``(Q, k)`` numbers of photographs of this part.
        """
        if self._states[-1].last < change:
            self.follow()
        return self._comparing.similarities(query, self._states[-1].snapshot, photographs)

    def close(self) -> None:
        """Close the database's connections."""
        self._database.close()

    def _after(self, change: int) -> Snapshot | None:
        if self._state(change) is None:
            self.follow()
        return self._state(change)

    def _state(self, change: int) -> Snapshot | None:
        found = (state.snapshot for state in reversed(self._states) if state.first <= change <= state.last)
        return next(found, None)

    def _features(self, photographs: Tensor) -> tuple[Features | None, Tensor]:
        if self._patches is None:
            raise InputError("The gallery keeps no patches (patches=none), so that only the cosine can be told.")
        return self._patches.features(photographs)


def _same_faces(one: Snapshot, other: Snapshot) -> bool:
    """Whether two snapshots are of the same faces, whose embeddings never change."""
    return torch.equal(one.photographs, other.photographs) and torch.equal(one.people, other.people)
