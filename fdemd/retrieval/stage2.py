"""Stage 2: the first k again, by a mix of patch-wise and global similarity (paper Eq. 9)."""

from __future__ import annotations

import torch
from torch import Tensor

from fdemd.retrieval.ranking import NOBODY, Ranking, sorted_by_score
from fdemd.settings.checking import check_settings
from fdemd.settings.ranking import Mix
from fdemd.tensors.checks import check
from fdemd.tensors.directions import finite


def reorder(ranking: Ranking, similarity: Tensor, alpha: float | Tensor) -> Ranking:
    """Sort the first ``k`` places by ``alpha * similarity + (1 - alpha) * cosine``; the places after stay as they are.

    Args:
        ranking: The first stage's, with cosines as scores.
        similarity: ``(Q, k)`` of the first k candidates, in the ranking's order; larger is closer.
        alpha: In [0, 1], of all queries or of each, ``(Q,)``; 0 gives the first stage back, exactly.

    Raises:
        InputError: A similarity is not finite, or alpha is out of range.
        ValueError: The similarities are of other queries, or of more places than the ranking has.

    Example:
        >>> first = Ranking(torch.tensor([[4, 0, 2]]), torch.tensor([[0.9, 0.8, 0.7]]))
        >>> reorder(first, torch.tensor([[0.2, 0.6]]), alpha=0.5).indices
        tensor([[0, 4, 2]])
    """
    wanted = {"indices": (ranking.indices, "row Q L"), "similarity": (similarity, "finite Q k")}
    if isinstance(alpha, Tensor):
        _, similarity, alphas = check(wanted | {"alpha": (alpha, "finite Q")})
    else:
        check_settings(Mix, {"alpha": alpha})
        (_, similarity), alphas = check(wanted), None
    k = similarity.shape[1]
    if k > ranking.indices.shape[1]:
        raise ValueError(f"There are similarities of {k} places, and the ranking has {ranking.indices.shape[1]}.")
    first, absent = ranking.indices[:, :k], ranking.indices[:, :k] == NOBODY
    cosine = ranking.scores[:, :k]
    mixed = mix(cosine, similarity, float(alpha) if alphas is None else alphas[:, None], absent)
    order = sorted_by_score(mixed)
    return Ranking(
        torch.cat([first.gather(1, order), ranking.indices[:, k:]], dim=1),
        torch.cat([mixed.gather(1, order), ranking.scores[:, k:]], dim=1),
        reranked=k,
        alphas=alphas,
        sources=ranking.sources,
        gallery_size=ranking.gallery_size,
    )


def mix(cosine: Tensor, similarity: Tensor, share: Tensor | float, absent: Tensor) -> Tensor:
    """Equation 9 for all candidates ``(Q, k)``; minus infinity where there is nobody.

    Args:
        cosine: ``(Q, k)`` scores of the first stage.
        similarity: ``(Q, k)`` scores of the second.
        share: Alpha of all, or ``(Q, 1)`` of each query.
        absent: ``(Q, k)`` True where there is nobody.

    Raises:
        InputError: a score that is not finite, unless there is nobody.
        ValueError: shapes that do not belong together, or tensors of another type.
    """
    wanted = {"cosine": (cosine, "score Q k"), "similarity": (similarity, "score Q k"), "absent": (absent, "bool Q k")}
    if isinstance(share, Tensor) and share.dim():
        wanted["share"] = (share, "finite Q 1")
    cosine, similarity, absent = check(wanted)[:3]
    cosine, similarity = (finite(scores.masked_fill(absent, 0), "the scores") for scores in (cosine, similarity))
    return (share * similarity + (1 - share) * cosine).masked_fill(absent, -torch.inf)
