"""The Earth Mover's Distance between patches as a re-ranker (Phan and Nguyen, "DeepFace-EMD", CVPR 2022)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from fdemd.emd import Stop, emd_similarity, stopping_rule
from fdemd.features import Features
from fdemd.retrieval.reranker import Progress, Reranker, Similarity, no_progress
from fdemd.settings.checking import check_settings
from fdemd.settings.ranking import EmdRerank
from fdemd.visibility.calibration import Calibration


class EmdReranker(Reranker):
    """Earth Mover's similarity ``sum(flow * cosine)`` of two grids of patches.

    Under the official stop a pair's score depends on the whole list of candidates, so that no pair is shared.

    Example:
        >>> import torch
        >>> patches = torch.eye(4).expand(2, 4, 4)
        >>> faces = Features(torch.eye(2), patches, (2, 2))
        >>> found = EmdReranker(weighting="uniform").similarity(faces, faces, torch.tensor([[0, 1], [1, 0]]))
        >>> found.values.shape
        torch.Size([2, 2])
    """

    compares_compact = True
    batch = 4096  # what at most is lost if a run is broken off; for each the whole gallery is prepared anew

    def __init__(self, *, seen_by: Calibration | None = None, **settings: Any) -> None:
        """Take the settings of ``configs/rerank/emd.yaml``, other than alpha and k.

        Args:
            seen_by: Whose estimator tells what is covered, for ``visible``; without one the features say it themselves.
            **settings: The settings.

        Raises:
            InputError: There is no such setting, or it is out of range.
        """
        self.settings = check_settings(EmdRerank, settings)
        self._seen_by = seen_by
        self.estimator = seen_by.estimator if seen_by else None
        self.patches = self.settings.patches
        self.pairwise = self.settings.stop == "converged"

    @property
    def stop(self) -> Stop:
        """The stopping rule as the solver takes it."""
        return stopping_rule(self.settings.stop, self.settings.tolerance)

    def prepare(self, features: Features) -> Features:
        """Return the features on the grid that is compared."""
        return features.pooled(self.settings.grid) if self.settings.grid else features

    def similarity(
        self,
        query: Features,
        gallery: Features,
        shortlist: Tensor,
        *,
        barred: Tensor | None = None,
        on_progress: Progress = no_progress,
    ) -> Similarity:
        """Return the Earth Mover's similarity; a pair without a positive weight falls back to uniform ones."""
        found = emd_similarity(
            query,
            gallery,
            shortlist,
            weighting=self.settings.weighting,
            stop=self.stop,
            eps=self.settings.eps,
            visible=self.settings.visible,
            engine=self.settings.engine,
            on_progress=on_progress,
        )
        return Similarity(found.similarity, found.fallback, found.unfinished, found.engine)

    def stored_as(self) -> Mapping[str, Any]:
        """Return every setting; alpha and k play no part, but have stood there from the first store on."""
        names = ("weighting", "eps", "stop", "tolerance", "grid", "engine", "patches")
        kept = {name: getattr(self.settings, name) for name in names}
        if self._seen_by:
            kept |= {"visible": self.settings.visible, "seen_by": self._seen_by.sha256}
        return {"measure": "RerankSettings", "alpha": 0.7, "k": 100, **kept}
