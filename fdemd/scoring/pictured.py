"""One telling query of each kind with its best matches, and the flow to the best of them: what a picture shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from fdemd.backbones.projection import patches_for
from fdemd.data.datamodule import FaceDataModule
from fdemd.embedding.data import EmbeddedData
from fdemd.emd import Transport, emd_similarity, stopping_rule
from fdemd.retrieval.pair_similarity import compared
from fdemd.retrieval.protocol import LEAVE_ONE_OUT
from fdemd.retrieval.ranking import NOBODY, Ranking
from fdemd.retrieval.rerankers import build_reranker
from fdemd.scoring.closed_set import FEWEST_PLACES, Comparison
from fdemd.settings.ranking import EmdRerank, Reranking


@dataclass(frozen=True)
class RankedFace:
    """A face in a ranked list.

    Attributes:
        image: ``(H, W, 3)`` uint8 RGB.
        identity: Person it shows.
        right: Whether that is the person of the query.
    """

    image: np.ndarray
    identity: str
    right: bool


@dataclass(frozen=True)
class PicturedQuery:
    """A query and what both stages found.

    Attributes:
        kind: Kind of query.
        image: The query, ``(H, W, 3)`` uint8 RGB.
        identity: Person it shows.
        stage1: Its best faces by the cosine.
        stage2: Its best faces after re-ranking; empty without it.
        grid: Rows and columns of the patches.
        flow: ``(N, N)`` from the query's patches to those of the best face of stage 2; None without such a flow.
        query_weight: ``(N,)`` weights of the query's patches in it; None without a flow.
    """

    kind: str
    image: np.ndarray
    identity: str
    stage1: Sequence[RankedFace]
    stage2: Sequence[RankedFace]
    grid: tuple[int, int]
    flow: Tensor | None = None
    query_weight: Tensor | None = None


def picture_queries(
    data: EmbeddedData, comparisons: Sequence[Comparison], rerank: Reranking | None, protocol: str
) -> list[PicturedQuery]:
    """Choose a query of each kind: the first that only stage 2 gets right, or the first of all if there is none.

    Args:
        data: Queries and gallery.
        comparisons: What both stages gave.
        rerank: Settings of the second stage; None without one.
        protocol: Whose comparisons are shown; leave-one-out is shown under each.
    """
    shown = [each for each in comparisons if each.protocol in (protocol, LEAVE_ONE_OUT)]
    return [_pictured(data, comparison, rerank) for comparison in shown]


def _pictured(data: EmbeddedData, comparison: Comparison, rerank: Reranking | None) -> PicturedQuery:
    faces, kind = data.faces, comparison.kind
    number = _telling_query(comparison, faces)
    row = int(faces.query_rows[number])
    identity = faces.manifest.photographs[row].identity

    def best_of(ranking: Ranking | None) -> list[RankedFace]:
        found = [] if ranking is None else _best_rows(ranking, faces, number)
        people = [faces.manifest.photographs[place].identity for place in found]
        return [
            RankedFace(faces.faces.face(place).image, person, person == identity)
            for place, person in zip(found, people, strict=True)
        ]

    flow = query_weight = None
    if isinstance(rerank, EmdRerank) and comparison.stage2 and (best := _best_rows(comparison.stage2, faces, number)):
        pair = _transport(data, rerank, kind, row, best[0])
        if pair.flow is not None and pair.query_weight is not None:
            flow, query_weight = pair.flow[0, 0], pair.query_weight[0, 0]
    return PicturedQuery(
        kind,
        faces.query_face(kind, row),
        identity,
        best_of(comparison.stage1),
        best_of(comparison.stage2),
        comparison.grid,
        flow,
        query_weight,
    )


def _telling_query(comparison: Comparison, faces: FaceDataModule) -> int:
    """Number of the first query that stage 1 gets wrong and stage 2 right; 0 if there is none."""
    if comparison.stage2 is None:
        return 0
    photographs = faces.manifest.photographs
    for number, row in enumerate(faces.query_rows.tolist()):
        first, second = (
            [photographs[best].identity == photographs[row].identity for best in _best_rows(ranking, faces, number)[:1]]
            for ranking in (comparison.stage1, comparison.stage2)
        )
        if second == [True] and first == [False]:
            return number
    return 0


def _best_rows(ranking: Ranking, faces: FaceDataModule, number: int) -> list[int]:
    """Manifest rows of a query's best faces."""
    best = ranking.indices[number, :FEWEST_PLACES]
    return faces.gallery_rows[best[best != NOBODY]].tolist()


def _transport(data: EmbeddedData, rerank: EmdRerank, kind: str, query_row: int, best_row: int) -> Transport:
    """The flow from one query to one gallery face, as stage 2 sees it."""
    query, best = data.features[kind].at(torch.tensor([query_row])), data.features["clean"].at(torch.tensor([best_row]))
    reranker, view = build_reranker(rerank, data.backbone), patches_for(rerank.patches, data.backbone, query)
    query, best = compared(reranker, query, view), compared(reranker, best, view)
    return emd_similarity(
        query,
        best,
        torch.zeros(1, 1, dtype=torch.long),
        weighting=rerank.weighting,
        stop=stopping_rule(rerank.stop, rerank.tolerance),
        eps=rerank.eps,
        visible=rerank.visible,
        with_flow=True,
    )
