"""How the second stage ordered the shortlists, in a sentence."""

from __future__ import annotations

from fdemd.settings.ranking import Reranking


def other_reranker_note(settings: Reranking, k: int) -> str:
    """Return the sentence on a re-ranker that has no sentence of its own.

    Args:
        settings: Settings of the second stage.
        k: Candidates that were re-ranked.

    Example:
        >>> from fdemd.settings.ranking import QueryExpansionRerank
        >>> other_reranker_note(QueryExpansionRerank(), k=20)
        'Stage 2: query_expansion, n 3, alpha 1.0, k 20.'
    """
    options = ", ".join(f"{name} {value}" for name, value in settings.options.items())
    return f"Stage 2: {settings.method}{', ' if options else ''}{options}, alpha {settings.alpha}, k {k}."
