"""Average query expansion as a re-ranker (Chum et al., "Total Recall", ICCV 2007)."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from fdemd.features import Features
from fdemd.retrieval.query_expansion import expanded_similarity
from fdemd.retrieval.reranker import Progress, Reranker, Similarity, no_progress
from fdemd.settings.checking import check_settings
from fdemd.settings.ranking import QueryExpansionRerank


class QueryExpansionReranker(Reranker):
    """Cosine of the candidates to the mean of the query and its first ``n``, on embeddings alone.

    Example:
        >>> import torch
        >>> faces = Features(torch.eye(3), torch.ones(3, 1, 1), (1, 1))
        >>> QueryExpansionReranker(n=1).similarity(faces[:1], faces, torch.tensor([[1, 0]])).values
        tensor([[0.7071, 0.7071]])
    """

    def __init__(self, **settings: Any) -> None:
        """Take the settings of ``configs/rerank/query_expansion.yaml``, other than alpha and k.

        Raises:
            InputError: There is no such setting, or it is out of range.
        """
        self.settings = check_settings(QueryExpansionRerank, settings)

    def similarity(
        self,
        query: Features,
        gallery: Features,
        shortlist: Tensor,
        *,
        barred: Tensor | None = None,
        on_progress: Progress = no_progress,
    ) -> Similarity:
        """Return the cosine, 0 where there is nobody."""
        found = expanded_similarity(query.embedding, gallery.embedding, shortlist, n=self.settings.n)
        on_progress(found.numel())
        return Similarity(found)
