"""Faces -> the people of the gallery that they are most alike, by both stages of retrieval."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from sqlalchemy import select
from torch import Tensor

from fdemd.features import Features
from fdemd.gallery.database import Database
from fdemd.gallery.index import Snapshot
from fdemd.gallery.packing import unpack_patches
from fdemd.gallery.pin import Pin
from fdemd.gallery.schema import Patches
from fdemd.gallery.stages import stage
from fdemd.retrieval.pair_similarity import PairSimilarity
from fdemd.retrieval.protocol import LEAVE_TWIN_OUT, Labels
from fdemd.retrieval.ranking import NOBODY, Ranking
from fdemd.retrieval.rerankers import build_reranker
from fdemd.retrieval.stage1 import rank_by_cosine
from fdemd.retrieval.stage2 import mix
from fdemd.settings.ranking import EmdRerank

DEPTH = 1000
"""Faces of the first stage among which the people are looked for."""
NOT_ENROLLED = -1


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


_FeaturesOf = Callable[[Tensor], tuple[Features | None, Tensor]]
"""Rising rows of the gallery -> features of those that are still there, and which these are."""


class Search:
    """Searches of one gallery's snapshots.

    Attributes:
        pin: What the gallery is pinned to.
    """

    def __init__(self, database: Database, pin: Pin, rerank: EmdRerank | None) -> None:
        """Take where patches are, and how the second stage compares them; None leaves it out."""
        self._database, self.pin = database, pin
        self._stage = None if rerank is None else (rerank, build_reranker(rerank))

    @property
    def reranks(self) -> bool:
        """Whether there is a second stage, so that scores are mixed ones."""
        return self._stage is not None

    @property
    def rerank(self) -> EmdRerank | None:
        """Settings of the second stage; None without one."""
        return None if self._stage is None else self._stage[0]

    def people(self, query: Features, snapshot: Snapshot, own: Sequence[int] | None = None) -> list[list[Match]]:
        """Return for each face the people who are most alike, best first.

        The first stage finds the photograph of each person that is most alike; of several photographs the best counts.
        The second stage compares the patches of these, for the first k people.

        Args:
            query: Features of ``Q`` faces.
            snapshot: The gallery.
            own: For each face the number of a person whom it is not compared with; None bars nobody.
        """
        limit = self._stage[0].k if self._stage else None
        return self._matched(query, snapshot, own, limit, lambda rows: self.features(snapshot, rows))

    def everybody(
        self, query: Features, snapshot: Snapshot, gallery: Features, own: Sequence[int]
    ) -> list[list[Match]]:
        """Compare faces with all people of a small gallery whose features are in memory, in both stages.

        Args:
            query: Features of ``Q`` faces.
            snapshot: The gallery, of at most 1,000 faces.
            gallery: Its features.
            own: As for :meth:`people`.
        """
        return self._matched(query, snapshot, own, None, lambda rows: (gallery[rows], rows))

    def _matched(
        self, query: Features, snapshot: Snapshot, own: Sequence[int] | None, limit: int | None, features: _FeaturesOf
    ) -> list[list[Match]]:
        if not len(snapshot):
            return [[] for _ in range(len(query))]
        with stage("search"):
            ranking = _rank(query, snapshot, own)
            rows, cosines = _first_of_each_person(ranking, snapshot.people, limit)
        if self._stage is None:
            return [_matches(line, snapshot, line_cosines) for line, line_cosines in zip(rows, cosines, strict=True)]
        with stage("second stage"):
            return self._second_stage(query, snapshot, rows, cosines, features)

    def _second_stage(
        self,
        query: Features,
        snapshot: Snapshot,
        rows: Sequence[Tensor],
        cosines: Sequence[Tensor],
        features: _FeaturesOf,
    ) -> list[list[Match]]:
        assert self._stage is not None
        settings, reranker = self._stage
        gallery, there = features(torch.cat(list(rows)).unique())
        if gallery is None:
            return [[] for _ in rows]
        # Whoever was deleted since the snapshot has no patches any more, and is no answer.
        kept = [torch.isin(line, there) for line in rows]
        rows = [line[keep] for line, keep in zip(rows, kept, strict=True)]
        cosines = [line[keep] for line, keep in zip(cosines, kept, strict=True)]
        length = max(map(len, rows))
        shortlist = torch.full((len(rows), length), NOBODY)
        cosine = torch.full((len(rows), length), -torch.inf)
        for number, (line, line_cosines) in enumerate(zip(rows, cosines, strict=True)):
            shortlist[number, : len(line)] = torch.searchsorted(there, line)
            cosine[number, : len(line)] = line_cosines
        found = PairSimilarity(reranker, query, gallery)(shortlist).values
        alpha = settings.fixed_alpha
        mixed = mix(cosine, found, alpha, shortlist == NOBODY)
        return [
            sorted(
                _matches(line, snapshot, cosine[number], mixed[number], found[number]),
                key=lambda match: (-match.score, match.photograph),
            )
            for number, line in enumerate(rows)
        ]

    def features(self, snapshot: Snapshot, rows: Tensor) -> tuple[Features | None, Tensor]:
        """Return features of some rows of a snapshot whose patches are still there, and which rows these are.

        Args:
            snapshot: The gallery.
            rows: Rising rows of it.
        """
        photographs = snapshot.photographs[rows]
        with self._database.read() as session:
            query = select(Patches.photograph_id, Patches.rows, Patches.columns, Patches.data)
            found = {
                each.photograph_id: each
                for some in photographs.split(500)
                for each in session.execute(query.where(Patches.photograph_id.in_(some.tolist())))
            }
        there = [
            row for row, photograph in zip(rows.tolist(), photographs.tolist(), strict=True) if photograph in found
        ]
        if not there:
            return None, rows[:0]
        kept = torch.tensor(there)
        packed = [found[photograph] for photograph in snapshot.photographs[kept].tolist()]
        grid = packed[0].rows, packed[0].columns
        patches = unpack_patches([each.data for each in packed], grid[0] * grid[1], self.pin.dtype)
        return Features(snapshot.embeddings[kept], patches, grid), kept


def _rank(query: Features, snapshot: Snapshot, own: Sequence[int] | None) -> Ranking:
    """Rank the gallery's faces; the person whom a face is not compared with stands as its source."""
    outside = -1 - torch.arange(len(query))
    sources = torch.full((len(query),), NOT_ENROLLED) if own is None else torch.tensor(own, dtype=torch.long)
    labels = Labels(sources, sources, outside)
    gallery = Labels(snapshot.people, snapshot.people, torch.arange(len(snapshot)))
    return rank_by_cosine(
        query.embedding,
        snapshot.embeddings,
        labels,
        gallery,
        protocol=LEAVE_TWIN_OUT,
        depth=DEPTH,
        index=snapshot.index,
    )


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
