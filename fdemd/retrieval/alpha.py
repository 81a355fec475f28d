"""How much the second stage counts: one number for all queries, or a rule that chooses it for each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from torch import Tensor

from fdemd.backbones.backbone import Backbone
from fdemd.features import Features
from fdemd.retrieval.auto_alpha import auto_alpha
from fdemd.retrieval.ranking import Ranking
from fdemd.settings.ranking import AUTO, Mix
from fdemd.visibility.calibration import Calibration
from fdemd.visibility.store import find_calibration

AlphaRule: TypeAlias = Callable[[Features, Tensor, Tensor], Tensor]
"""Features of ``Q`` queries, cosines ``(Q, k)`` and similarities ``(Q, k)`` of their shortlists -> alphas ``(Q,)``."""
Alpha: TypeAlias = float | AlphaRule


def build_alpha(alpha: float | str, settings: Mix, backbone: Backbone | None) -> Alpha:
    """Return what gives the alpha of each query.

    Args:
        alpha: A number in [0, 1], ``auto`` or ``calibrated``.
        settings: Those of the second stage, for ``calibrated``.
        backbone: The network that gives the features, likewise.

    Raises:
        InputError: There is no calibration for this network and second stage.
    """
    if not isinstance(alpha, str):
        return float(alpha)
    if alpha == AUTO:
        return by_scores
    asked = f"rerank.alpha={alpha}"
    return ByCondition(find_calibration(asked, settings.calibration, backbone, settings.compared_by))


def by_scores(query: Features, cosine: Tensor, similarity: Tensor) -> Tensor:
    """Rule ``auto``, see :func:`fdemd.retrieval.auto_alpha.auto_alpha`."""
    return auto_alpha(cosine, similarity)


@dataclass(frozen=True, eq=False)  # two are the same rule only if they are one object, as functions are
class ByCondition:
    """Rule ``calibrated``: by what happened to the query, see :mod:`fdemd.visibility.trust`."""

    calibration: Calibration

    def __call__(self, query: Features, cosine: Tensor, similarity: Tensor) -> Tensor:
        """Return the alpha of each query."""
        return self.calibration.alphas_of(query).to(cosine.device)


def chosen_alpha(alpha: Alpha, query: Features, ranking: Ranking, similarity: Tensor) -> float | Tensor:
    """Return the alpha of all queries, or that of each, ``(Q,)``.

    Args:
        alpha: Number or rule.
        query: Features of the ``Q`` queries.
        ranking: The first stage's.
        similarity: ``(Q, k)`` of the second stage.
    """
    return alpha(query, ranking.scores[:, : similarity.shape[1]], similarity) if callable(alpha) else alpha
