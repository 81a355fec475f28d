"""Stage 2: the first k again, by a mix of patch-wise and global similarity (paper Eq. 9)."""

from __future__ import annotations

import torch
from torch import Tensor

from fdemd.errors import InputError, unknown
from fdemd.retrieval.auto_alpha import AUTO, auto_alpha
from fdemd.retrieval.ranking import NOBODY, Ranking, sorted_by_score


def check_mix(alpha: float | str, k: int) -> None:
    """Check the two numbers of the second stage.

    Raises:
        InputError: alpha neither ``auto`` nor in [0, 1], or k below 1.
    """
    if isinstance(alpha, str) and alpha != AUTO:
        raise unknown("alpha", alpha, ("a number between 0 and 1", AUTO))
    if not isinstance(alpha, str) and not 0 <= alpha <= 1:
        raise InputError(
            f"alpha is {alpha}; it must lie between 0 (cosine of embeddings alone) and 1 (Earth Mover's similarity "
            "alone). The paper has 0.7."
        )
    if k < 1:
        raise InputError(f"k is {k}; at least 1 candidate must be re-ranked (the paper has 100).")


def rerank(ranking: Ranking, similarity: Tensor, alpha: float | str) -> Ranking:
    """Sort the first ``k`` places by ``alpha * similarity + (1 - alpha) * cosine``; the places after stay as they are.

    Args:
        ranking: stage 1's, with cosines as scores.
        similarity: ``(Q, k)`` of the first k candidates, in the ranking's order.
        alpha: in [0, 1]; 0 gives stage 1 back, exactly. ``auto`` chooses it for each query, see
            :func:`fdemd.retrieval.auto_alpha.auto_alpha`.
    """
    k = similarity.shape[1]
    first, absent = ranking.indices[:, :k], ranking.indices[:, :k] == NOBODY
    cosine = ranking.scores[:, :k]
    share = auto_alpha(cosine, similarity)[:, None] if isinstance(alpha, str) else alpha
    mixed = mix(cosine, similarity, share, absent)
    order = sorted_by_score(mixed)
    return Ranking(
        torch.cat([first.gather(1, order), ranking.indices[:, k:]], dim=1),
        torch.cat([mixed.gather(1, order), ranking.scores[:, k:]], dim=1),
        reranked=k,
    )


def mix(cosine: Tensor, similarity: Tensor, share: Tensor | float, absent: Tensor) -> Tensor:
    """Equation 9 for all candidates ``(Q, k)``; minus infinity where there is nobody.

    Args:
        cosine: ``(Q, k)`` scores of the first stage.
        similarity: ``(Q, k)`` scores of the second.
        share: alpha of all, or ``(Q, 1)`` of each query.
        absent: ``(Q, k)`` True where there is nobody.
    """
    return (share * similarity + (1 - share) * cosine.masked_fill(absent, 0)).masked_fill(absent, -torch.inf)
