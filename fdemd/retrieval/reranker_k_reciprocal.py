"""k-reciprocal encoding as a re-ranker (Zhong et al., CVPR 2017)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from fdemd.features import Features
from fdemd.retrieval.k_reciprocal import KReciprocal
from fdemd.retrieval.reranker import Progress, Reranker, Similarity, no_progress
from fdemd.settings.checking import check_settings
from fdemd.settings.ranking import KReciprocalRerank


class KReciprocalReranker(Reranker):
    """Similarity 1 - d_J of :class:`fdemd.retrieval.k_reciprocal.KReciprocal`, on embeddings alone.

    Example:
        >>> import torch
        >>> faces = Features(torch.eye(3), torch.ones(3, 1, 1), (1, 1))
        >>> KReciprocalReranker(k1=1, k2=1).similarity(faces[:1], faces, torch.tensor([[0, 1]])).values.shape
        torch.Size([1, 2])
    """

    needs_barred = True
    batch = 256  # a query takes hundredths of a second

    def __init__(self, **settings: Any) -> None:
        """Take the settings of ``configs/rerank/k_reciprocal.yaml``, other than alpha and k.

        Raises:
            InputError: There is no such setting, or it is out of range.
        """
        self.settings = check_settings(KReciprocalRerank, settings)
        self._neighbours: tuple[Tensor, KReciprocal] | None = None

    def similarity(
        self,
        query: Features,
        gallery: Features,
        shortlist: Tensor,
        *,
        barred: Tensor | None = None,
        on_progress: Progress = no_progress,
    ) -> Similarity:
        """Return 1 - d_J, 0 where there is nobody; neighbours within a gallery are found once."""
        if self._neighbours is None or self._neighbours[0] is not gallery.embedding:
            made = KReciprocal(gallery.embedding, self.settings.k1, self.settings.k2)
            self._neighbours = gallery.embedding, made
        found = [shortlist[:0].float()]
        for first in range(0, len(shortlist), self.batch):
            rows = slice(first, first + self.batch)
            out = None if barred is None else barred[rows]
            found.append(self._neighbours[1].similarity(query.embedding[rows], shortlist[rows], out))
            on_progress(found[-1].numel())
        return Similarity(torch.cat(found))

    def stored_as(self) -> Mapping[str, Any]:
        """Return both numbers of neighbours."""
        return {"measure": "KReciprocalSettings", "k1": self.settings.k1, "k2": self.settings.k2}
