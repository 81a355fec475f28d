"""A second stage as it is asked for: a re-ranker, how much it counts, and how many candidates it sees."""

from __future__ import annotations

from dataclasses import dataclass

from fdemd.backbones import Backbone
from fdemd.retrieval.alpha import Alpha, ByCondition, build_alpha
from fdemd.retrieval.reranker import Reranker
from fdemd.retrieval.rerankers import build_reranker
from fdemd.settings.ranking import Reranking
from fdemd.visibility.calibration import Calibration


@dataclass(frozen=True)
class SecondStage:
    """One way to order a shortlist anew.

    Attributes:
        reranker: Gives the similarity; stages with the same one share what they can of its similarities.
        alpha: Share of the similarity in the score, in [0, 1]; the rest is the cosine's. Or a rule that chooses it for
            each query, see :func:`fdemd.retrieval.alpha.build_alpha`.
        k: Number of candidates; None for the whole gallery.
    """

    reranker: Reranker
    alpha: Alpha = 0.7
    k: int | None = 100

    @property
    def calibration(self) -> Calibration | None:
        """What ``alpha=calibrated`` goes by; None with another alpha."""
        return self.alpha.calibration if isinstance(self.alpha, ByCondition) else None


def second_stages(settings: Reranking | None, backbone: Backbone | None = None) -> tuple[SecondStage, ...]:
    """Return the second stage that settings describe; none without any.

    Args:
        settings: The settings.
        backbone: The network, for ``alpha=calibrated`` and ``visible``.

    Raises:
        InputError: There is no such re-ranker, or no calibration for it and this network.
    """
    if settings is None:
        return ()
    reranker, alpha = build_reranker(settings, backbone), build_alpha(settings.alpha, settings, backbone)
    return (SecondStage(reranker, alpha, settings.k),)
