"""Faces -> the people of the gallery that they are most alike, by both stages of retrieval."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from fdemd.features import Features
from fdemd.gallery.comparing import NOT_ENROLLED, Comparing, ComparingHere
from fdemd.gallery.database import Database
from fdemd.gallery.index import Snapshot
from fdemd.gallery.pin import Pin
from fdemd.gallery.stages import stage
from fdemd.gallery.stored import Stored
from fdemd.retrieval.ranking import NOBODY, Ranking
from fdemd.retrieval.rerankers import build_reranker
from fdemd.retrieval.stage2 import mix
from fdemd.settings.ranking import EmdRerank
from fdemd.tensors.directions import unit


@dataclass(frozen=True)
class Match:
    """A person of the gallery who may be on a photograph.

    Attributes:
        person: Number of the person.
        photograph: Number of the enrolled photograph that is most alike.
        score: What decides: the mixed score, or the cosine where there is no second stage.
        cosine: Score of the first stage.
        emd: Earth Mover's similarity of the patches; None where there is no second stage.
    """

    person: int
    photograph: int
    score: float
    cosine: float
    emd: float | None


def default_rerank(pin: Pin) -> EmdRerank | None:
    """Return the second stage of a gallery; None if it keeps no patches.

    Of SFace's projected patches, alpha 0.3 harms nothing and alpha 0.7 does (docs/gallery.md has the figures).
    """
    if pin.patches == "none":
        return None
    return EmdRerank(alpha=0.3, k=20, weighting="norm" if pin.patches == "projected" else "apc")


class Search:
    """Searches of one gallery's snapshots.

    Attributes:
        pin: What the gallery is pinned to.
        rerank: Settings of the second stage; None without one.
        stored: What the database has of the enrolled faces.
    """

    def __init__(
        self, database: Database, pin: Pin, rerank: EmdRerank | None, comparing: Comparing | None = None
    ) -> None:
        """Take the parts.

        Args:
            database: Where the enrolled faces are.
            pin: What they are of.
            rerank: How the second stage compares their patches; None leaves it out.
            comparing: What compares; by default this process does.
        """
        self.pin, self.rerank, self.stored = pin, rerank, Stored(database, pin)
        self._reranker = None if rerank is None else build_reranker(rerank)
        self._comparing = comparing or ComparingHere(self.stored.features, self._reranker)

    @property
    def reranks(self) -> bool:
        """Whether there is a second stage, so that scores are mixed ones."""
        return self.rerank is not None

    def people(self, query: Features, snapshot: Snapshot, own: Sequence[int] | None = None) -> list[list[Match]]:
        """Return for each face the people who are most alike, best first.

        The first stage finds the photograph of each person that is most alike; of several photographs the best counts.
        The second stage compares the patches of these, for the first k people.

        Args:
            query: Features of ``Q`` faces.
            snapshot: The gallery.
            own: For each face the number of a person whom it is not compared with; None bars nobody.

        Raises:
            OutdatedError: The gallery changed since, see :class:`fdemd.gallery.comparing.Comparing`.
        """
        return self._matched(query, snapshot, own, self.rerank.k if self.rerank else None, self._comparing)

    def everybody(
        self, query: Features, snapshot: Snapshot, gallery: Features, own: Sequence[int]
    ) -> list[list[Match]]:
        """Compare faces with all people of a small gallery whose features are in memory, in both stages.

        Args:
            query: Features of ``Q`` faces.
            snapshot: The gallery, of at most 1,000 faces, whose photographs are numbered by its rows.
            gallery: Its features.
            own: As for :meth:`people`.
        """
        here = ComparingHere(lambda photographs: (gallery[photographs], photographs), self._reranker)
        return self._matched(query, snapshot, own, None, here)

    def nearest(self, query: Features, snapshot: Snapshot, person: int | None) -> tuple[float | None, Match | None]:
        """Return what the first stage says of a face whose person is known.

        Args:
            query: Features of one face.
            snapshot: The gallery.
            person: Number of the person; None if nobody enrolled.

        Returns:
            The largest cosine to a photograph of the person, and the other person who is most alike; None each if
            there is nobody.

        Raises:
            OutdatedError: As for :meth:`people`.
        """
        if not len(snapshot):
            return None, None
        barred = NOT_ENROLLED if person is None else person
        mine, _ = self.embeddings(snapshot, (snapshot.people == barred).nonzero()[:, 0])
        own = (mine.double() @ unit(query.embedding, "the face")[0].double()).float() if len(mine) else mine
        with stage("search"):
            ranking = self._comparing.rank(query.embedding, snapshot, [barred])
        first = _matches(ranking.indices[0, :1], snapshot, ranking.scores[0, :1])
        return (float(own.max()) if len(own) else None), (first[0] if first else None)

    def embeddings(self, snapshot: Snapshot, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Return embeddings ``(B, D)`` of some faces that are still there, and which these are.

        Args:
            snapshot: The gallery.
            rows: Rising rows of it.
        """
        if snapshot.embeddings.shape[1]:
            return snapshot.embeddings[rows], rows
        found, photographs = self.stored.embeddings(snapshot.photographs[rows])
        return found, torch.searchsorted(snapshot.photographs, photographs)

    def _matched(
        self,
        query: Features,
        snapshot: Snapshot,
        own: Sequence[int] | None,
        limit: int | None,
        comparing: Comparing,
    ) -> list[list[Match]]:
        if not len(snapshot):
            return [[] for _ in range(len(query))]
        with stage("search"):
            ranking = comparing.rank(query.embedding, snapshot, own)
            rows, cosines = _first_of_each_person(ranking, snapshot.people, limit)
        if self.rerank is None:
            return [_matches(line, snapshot, line_cosines) for line, line_cosines in zip(rows, cosines, strict=True)]
        with stage("second stage"):
            return self._second_stage(query, snapshot, rows, cosines, comparing)

    def _second_stage(
        self,
        query: Features,
        snapshot: Snapshot,
        rows: Sequence[Tensor],
        cosines: Sequence[Tensor],
        comparing: Comparing,
    ) -> list[list[Match]]:
        assert self.rerank is not None
        shortlist = pad_sequence(list(rows), batch_first=True, padding_value=NOBODY)
        cosine = pad_sequence(list(cosines), batch_first=True, padding_value=-torch.inf)
        photographs = snapshot.photographs[shortlist].masked_fill(shortlist == NOBODY, NOBODY)
        found = comparing.similarities(query, snapshot, photographs)
        gone = found.isnan()  # whoever was deleted since the snapshot has no patches any more, and is no answer
        mixed = mix(cosine, found.masked_fill(gone, 0), self.rerank.fixed_alpha, gone)
        return [
            sorted(
                _matches(line[kept], snapshot, line_cosines[kept], scores[kept], emds[kept]),
                key=lambda match: (-match.score, match.photograph),
            )
            for line, line_cosines, scores, emds, kept in zip(shortlist, cosine, mixed, found, ~gone, strict=True)
        ]


def _first_of_each_person(ranking: Ranking, people: Tensor, limit: int | None) -> tuple[list[Tensor], list[Tensor]]:
    rows, cosines = [], []
    for line, scores in zip(ranking.indices, ranking.scores, strict=True):
        there = line[line != NOBODY]
        _, first = np.unique(people[there].numpy(), return_index=True)
        places = torch.from_numpy(np.sort(first))[:limit]
        rows.append(there[places])
        cosines.append(scores[places])
    return rows, cosines


def _matches(
    rows: Tensor, snapshot: Snapshot, cosines: Tensor, scores: Tensor | None = None, emds: Tensor | None = None
) -> list[Match]:
    return [
        Match(
            int(snapshot.people[row]),
            int(snapshot.photographs[row]),
            float((cosines if scores is None else scores)[place]),
            float(cosines[place]),
            None if emds is None else float(emds[place]),
        )
        for place, row in enumerate(rows.tolist())
    ]
