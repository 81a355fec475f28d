"""Average query expansion: the query joined with what it found first (Chum et al. 2007, "Total Recall", Sec. 4.2)."""

from __future__ import annotations

import torch
from torch import Tensor

from fdemd.errors import InputError
from fdemd.retrieval.ranking import NOBODY, check_rows
from fdemd.tensors.checks import checked
from fdemd.tensors.directions import unit

_QUERIES_AT_ONCE = 64
"""With 100 candidates of 512 numbers each their embeddings take 13 MiB in float32."""


@checked(query_embeddings="real Q D", gallery_embeddings="real G D", candidates="whole Q k")
def expanded_similarity(query_embeddings: Tensor, gallery_embeddings: Tensor, candidates: Tensor, *, n: int) -> Tensor:
    """Cosine of the expanded queries to their candidates, to be mixed by :func:`fdemd.retrieval.stage2.reorder`.

    The expanded query is the mean of the query and its first ``n`` candidates, all of unit length. What a query may
    not be compared with is not among its candidates and so plays no part.

    Args:
        query_embeddings: ``(Q, D)``, of any length.
        gallery_embeddings: ``(G, D)``.
        candidates: ``(Q, k)`` gallery rows, best first, ``NOBODY`` only at the end.
        n: candidates to join; all of them if there are fewer.

    Returns:
        ``(Q, k)`` float32 in [-1, 1], in the order of the candidates; 0 where there is nobody.

    Raises:
        InputError: ``n`` below 1, or an embedding that is not finite.
        ValueError: shapes that do not belong together, tensors of another type, or candidates that are not there.
    """
    if n < 1:
        raise InputError(f"n is {n}; a query is expanded with at least 1 candidate.")
    check_rows(candidates, len(gallery_embeddings))
    if not len(gallery_embeddings):
        return torch.zeros(candidates.shape, device=candidates.device)
    parts = zip(query_embeddings.split(_QUERIES_AT_ONCE), candidates.split(_QUERIES_AT_ONCE), strict=True)
    similarities = []
    for query, indices in parts:
        present = indices != NOBODY
        faces = unit(gallery_embeddings[indices], "the gallery's embeddings") * present[..., None]
        # Only its direction matters, so that the sum does for the mean.
        query = unit(query, "the queries' embeddings")
        expanded = unit(query + faces[:, :n].sum(1), "the expanded queries")
        similarities.append((faces @ expanded[..., None])[..., 0])
    return torch.cat(similarities)
