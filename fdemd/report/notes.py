"""Sentences that several reports have below their tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from fdemd.backbones.convnet import RANDOM

INTERVALS = "Mean in percent (95 % interval, bootstrap over people)."
UNIT = "percent; low and high are the ends of the 95 % bootstrap interval over people"
MAXIMUM = "maximum: the best that re-ranking the first k could do."


def weights_notes(sha256: str) -> list[str]:
    """Return what must be said of a network's weights, given their sha256."""
    if sha256 != RANDOM:
        return []
    return ["The network's weights are random: these figures are those of an untrained network."]


def legacy_notes(legacy_self_count: bool) -> list[str]:
    """Return how relevant faces were counted, where that is not the usual way."""
    if not legacy_self_count:
        return []
    return ["R counts the query itself where it is in the gallery, as in the published tables (legacy)."]


def copies_notes(copies: Sequence[str]) -> list[str]:
    """Return which kinds of copies the gallery was enrolled with; nothing without any.

    >>> copies_notes(["mask", "crop"])
    ['Queries that look covered alike search a gallery enrolled with copies: mask, crop.']
    """
    return [f"Queries that look covered alike search a gallery enrolled with copies: {joined(copies)}."] * bool(copies)


def pair_notes(kind: str, *, unfinished: int, fallbacks: int) -> list[str]:
    """Return what must be said of re-ranked pairs.

    Args:
        kind: Kind of query.
        unfinished: Pairs whose transport did not meet the stopping rule within its rounds.
        fallbacks: Pairs that were weighted uniformly because no patch had a positive weight.
    """
    told = {
        "stopped before they had converged": unfinished,
        "had no positive weight and took uniform ones": fallbacks,
    }
    return [f"{kind}: {pairs} pairs {what}." for what, pairs in told.items() if pairs]


def division_note(counts: Mapping[str, int]) -> str:
    """Return how the photographs were divided between training and test.

    Args:
        counts: ``photographs``, and how many of these are in each part.

    >>> division_note({"photographs": 400, "to_train_on": 300, "to_test": 100, "in_neither_part": 0})
    '400 photographs: 300 to train on, 100 to test, 0 in neither part.'
    """
    parts = (f"{count} {name.replace('_', ' ')}" for name, count in counts.items() if name != "photographs")
    return f"{counts['photographs']} photographs: {', '.join(parts)}."


def engine_notes(missing_engine: str) -> list[str]:
    """Return that re-ranking could have been faster, given why the compiled engine could not run (empty if it did)."""
    return [f"Re-ranking was several times slower than it can be: {missing_engine}."] if missing_engine else []


def joined(names: Iterable[str]) -> str:
    """Return names once each, in their order, with commas."""
    return ", ".join(dict.fromkeys(names))
