"""Stage 1: the whole gallery by cosine of embeddings (paper Sec. 3.1)."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import normalize

from fdemd.retrieval.protocol import Labels, left_out
from fdemd.retrieval.ranking import NOBODY, Ranking, sorted_by_score

_QUERIES_AT_ONCE = 256


def rank_by_cosine(
    query_embeddings: Tensor,
    gallery_embeddings: Tensor,
    query_labels: Labels,
    gallery_labels: Labels,
    *,
    protocol: str,
    depth: int,
) -> Ranking:
    """Rank the gallery for each query.

    Args:
        query_embeddings: ``(Q, D)``, of any length.
        gallery_embeddings: ``(G, D)``.
        query_labels: where each of the ``Q`` queries comes from.
        gallery_labels: where each of the ``G`` gallery faces comes from.
        protocol: see :mod:`fdemd.retrieval.protocol`.
        depth: places to keep; fewer if no query has as many candidates.
    """
    query, gallery = normalize(query_embeddings.float(), dim=1), normalize(gallery_embeddings.float(), dim=1)
    everyone = torch.arange(len(gallery), device=gallery.device)
    indices, scores = [], []
    for rows in torch.arange(len(query), device=query.device).split(_QUERIES_AT_ONCE):
        cosine = query[rows] @ gallery.T
        out = left_out(query_labels[rows], gallery_labels, everyone.expand(len(rows), -1), protocol)
        cosine = cosine.masked_fill(out, -torch.inf)
        order = sorted_by_score(cosine)[:, :depth]
        score = cosine.gather(1, order)
        indices.append(order.masked_fill(score == -torch.inf, NOBODY))
        scores.append(score)
    ranked, score = torch.cat(indices), torch.cat(scores)
    longest = int((ranked != NOBODY).sum(1).max()) if len(ranked) else 0
    return Ranking(ranked[:, :longest], score[:, :longest])
