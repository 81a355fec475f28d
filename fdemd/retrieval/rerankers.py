"""Names and settings of re-rankers -> re-rankers."""

from __future__ import annotations

from fdemd.retrieval.reranker import Reranker
from fdemd.settings.own_rerankers import own_reranker, own_rerankers
from fdemd.settings.plugins import load_plugin, plugin_names, refusals_told, unknown_choice
from fdemd.settings.ranking import Reranking


def reranker_names() -> list[str]:
    """Return the names of all re-rankers: those of this package, and those of plug-ins.

    Example:
        >>> {"emd", "k_reciprocal", "query_expansion"} <= set(reranker_names())
        True
    """
    return [*own_rerankers(), *plugin_names("rerankers")]


def build_reranker(settings: Reranking) -> Reranker:
    """Return the re-ranker that a section of settings names.

    Raises:
        InputError: There is no such re-ranker, it cannot be imported, or a plug-in refuses its settings.

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
        reranker: Reranker = build(**settings.options)
    return reranker
