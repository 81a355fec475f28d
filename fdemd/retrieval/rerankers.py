"""Names and settings of re-rankers -> re-rankers."""

from __future__ import annotations

from fdemd.backbones.backbone import Backbone
from fdemd.retrieval.reranker import Reranker
from fdemd.settings.own_rerankers import own_reranker, own_rerankers
from fdemd.settings.plugins import load_plugin, plugin_names, refusals_told, unknown_choice
from fdemd.settings.ranking import EmdRerank, Reranking
from fdemd.visibility.calibration import Calibration
from fdemd.visibility.store import find_calibration


def reranker_names() -> list[str]:
    """Return the names of all re-rankers: those of this package, and those of plug-ins.

    Example:
        >>> {"emd", "k_reciprocal", "query_expansion"} <= set(reranker_names())
        True
    """
    return [*own_rerankers(), *plugin_names("rerankers")]


def build_reranker(settings: Reranking, backbone: Backbone | None = None) -> Reranker:
    """Return the re-ranker that a section of settings names.

    Args:
        settings: The section.
        backbone: The network that gives the features, for ``rerank.visible``.

    Raises:
        InputError: There is no such re-ranker, it cannot be imported, a plug-in refuses its settings, or there is no
            calibration that tells what is covered.

    Example:
        >>> from fdemd.settings.ranking import EmdRerank
        >>> build_reranker(EmdRerank(weighting="sc")).patches
        'raw'
    """
    name = settings.method
    if name not in reranker_names():
        raise unknown_choice("re-ranking method", name, reranker_names(), "rerankers")
    build = own_reranker(name) if name in own_rerankers() else load_plugin("rerankers", name)
    with refusals_told("rerankers", name):
        reranker: Reranker = build(**settings.options, **_seen_by(settings, backbone))
    return reranker


def _seen_by(settings: Reranking, backbone: Backbone | None) -> dict[str, Calibration]:
    """The calibration that tells what is covered, as an argument; nothing where it does not matter."""
    if not isinstance(settings, EmdRerank) or not settings.sees_covers:
        return {}
    return {"seen_by": find_calibration(f"rerank.visible={settings.visible}", settings.calibration, backbone)}
