"""Stage 1: the gallery by cosine of embeddings (paper Sec. 3.1)."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from fdemd.retrieval.faiss_search import FaissIndex
from fdemd.retrieval.protocol import Labels, left_out, left_out_of_all, most_left_out
from fdemd.retrieval.ranking import NOBODY, Ranking, sorted_by_score
from fdemd.retrieval.search import Adjustment, search_exactly
from fdemd.retrieval.unit_search import UnitIndex
from fdemd.tensors.checks import check

_QUERIES_COMPARED = 1000
"""Queries, at most, on which an index is compared with the exact search."""


def rank_by_cosine(
    query_embeddings: Tensor,
    gallery_embeddings: Tensor,
    query_labels: Labels,
    gallery_labels: Labels,
    *,
    protocol: str,
    depth: int,
    index: FaissIndex | UnitIndex | None = None,
    adjust: Adjustment | None = None,
) -> Ranking:
    """Rank the gallery for each query.

    Args:
        query_embeddings: ``(Q, D)``, of any length.
        gallery_embeddings: ``(G, D)``.
        query_labels: Where each of the ``Q`` queries comes from.
        gallery_labels: Where each of the ``G`` gallery faces comes from.
        protocol: What may be compared, see :mod:`fdemd.retrieval.protocol`.
        depth: Places to keep; fewer if no query has as many candidates.
        index: Index of the gallery, to be asked instead of comparing with every face anew; FAISS's may miss some.
        adjust: Turns the cosines into what is ranked by; without an index only.

    Raises:
        InputError: An embedding is not finite, or the protocol is unknown.
        ValueError: The shapes do not belong together, or the tensors are of another type.
    """
    check(
        {
            "query_embeddings": (query_embeddings, "real Q D"),
            "gallery_embeddings": (gallery_embeddings, "real G D"),
            "query_labels": (query_labels.identity, "whole Q"),
            "gallery_labels": (gallery_labels.identity, "whole G"),
        }
    )
    if index is not None and len(index) != len(gallery_embeddings):
        raise ValueError(f"The index has {len(index)} faces and the gallery {len(gallery_embeddings)}.")
    if index is None:
        indices, scores = search_exactly(
            query_embeddings,
            gallery_embeddings,
            depth,
            lambda rows, columns: left_out_of_all(query_labels[rows], gallery_labels[columns], protocol),
            adjust,
        )
    else:
        indices, scores = index.search(query_embeddings, depth + most_left_out(query_labels, gallery_labels, protocol))
        scores = scores.masked_fill(left_out(query_labels, gallery_labels, indices, protocol), -torch.inf)
        order = sorted_by_score(scores)[:, :depth]
        indices, scores = indices.gather(1, order), scores.gather(1, order)
        indices = indices.masked_fill(scores == -torch.inf, NOBODY)
    longest = int((indices != NOBODY).sum(1).max()) if len(indices) else 0
    return Ranking(indices[:, :longest], scores[:, :longest], gallery_size=len(gallery_embeddings))


class Recall(NamedTuple):
    """How much of the exact ranking an index finds."""

    name: str
    """Of the index, with its settings."""
    mean: float
    """Share of the exact ranking's faces, in [0, 1], averaged over queries; NaN without any."""
    depth: int
    """Places of the rankings that were compared."""
    queries: int
    """That were averaged over."""


def measure_recall(
    index: FaissIndex,
    found: Ranking,
    query_embeddings: Tensor,
    gallery_embeddings: Tensor,
    query_labels: Labels,
    gallery_labels: Labels,
    protocol: str,
    depth: int,
    seed: int,
) -> Recall:
    """Compare the ranking that an index found with the exact one, for at most 1,000 queries chosen by ``seed``.

    The other arguments are those of :func:`rank_by_cosine`.
    """
    generator = torch.Generator().manual_seed(seed)
    rows = torch.randperm(len(query_embeddings), generator=generator)[:_QUERIES_COMPARED].to(found.indices.device)
    exact = rank_by_cosine(
        query_embeddings[rows], gallery_embeddings, query_labels[rows], gallery_labels, protocol=protocol, depth=depth
    )
    wanted = exact.indices != NOBODY
    hits = torch.zeros_like(wanted)
    for number, given in enumerate(found.indices[rows]):
        hits[number] = torch.isin(exact.indices[number], given) & wanted[number]
    share = (hits.sum(1) / wanted.sum(1))[wanted.any(1)]
    return Recall(str(index), share.mean().item(), exact.indices.shape[1], len(share))
