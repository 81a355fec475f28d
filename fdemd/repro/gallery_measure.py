"""Figures of searches of a gallery: who is found, who is missed, and how many strangers get a name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import beta

RATES = (0.1, 0.01, 0.001)
"""Rates of strangers that are promised."""


@dataclass(frozen=True, eq=False)
class Searches:
    """What searches for ``Q`` faces found.

    Attributes:
        score: ``(Q,)`` of the first person.
        lead: ``(Q,)`` how far the second person is behind.
        right: ``(Q,)`` whether the first person is the one on the photograph.
        mated: ``(Q,)`` whether the person on the photograph is enrolled.
    """

    score: np.ndarray
    lead: np.ndarray
    right: np.ndarray
    mated: np.ndarray

    def __getitem__(self, chosen: np.ndarray) -> Searches:
        return Searches(self.score[chosen], self.lead[chosen], self.right[chosen], self.mated[chosen])

    def __len__(self) -> int:
        return len(self.score)


def rank_1(searches: Searches) -> float:
    """Return the percentage of mated searches that find the right person first."""
    return _percent(searches.right[searches.mated])


def at_threshold(searches: Searches, threshold: np.ndarray, promised: float) -> dict[str, Any]:
    """Return the rates at a threshold, in percent.

    Args:
        searches: The searches.
        threshold: ``(Q,)`` of each search.
        promised: Share of strangers who may reach it.

    Returns:
        ``promised``; ``FPIR``, non-mated searches whose first person reaches the threshold, with its exact 95 %
        ``interval`` (Clopper and Pearson, 1934); ``FNIR``, mated ones whose right person is not first or does not.
    """
    reached = searches.score >= threshold
    strangers = reached[~searches.mated]
    return {
        "promised": round(100 * promised, 4),
        "FPIR": _percent(strangers),
        "interval": binomial_interval(int(strangers.sum()), len(strangers)),
        "FNIR": _percent(~(reached & searches.right)[searches.mated]),
    }


def at_same_rate(searches: Searches, rate: float) -> float:
    """Return the FNIR in percent at the threshold that a share of these very non-mated searches reaches.

    Args:
        searches: The searches.
        rate: The share, in (0, 1).
    """
    threshold = np.quantile(searches.score[~searches.mated], 1 - rate, method="higher")
    return float(at_threshold(searches, np.full(len(searches), threshold), rate)["FNIR"])


def ambiguous(searches: Searches, spread: np.ndarray) -> float:
    """Return the percentage of mated searches in which the second person is too close behind the first.

    Args:
        searches: The searches.
        spread: ``(Q,)`` lead up to which they cannot be told apart.
    """
    return _percent((searches.lead <= spread)[searches.mated])


def binomial_interval(hits: int, number: int) -> tuple[float, float]:
    """Return the exact 95 % interval of a share, in percent.

    Args:
        hits: How many of them.
        number: Of how many.

    Examples:
        >>> binomial_interval(10, 100)
        (4.9, 17.62)
    """
    low = beta.ppf(0.025, hits, number - hits + 1) if hits else 0.0
    high = beta.ppf(0.975, hits + 1, number - hits) if hits < number else 1.0
    return round(100 * float(low), 2), round(100 * float(high), 2)


def templates(
    enrolled: np.ndarray, people: np.ndarray, queries: np.ndarray
) -> Mapping[str, tuple[np.ndarray, np.ndarray]]:
    """Compare faces with people of whom several photographs are enrolled, in two ways.

    Args:
        enrolled: Unit embeddings ``(G, D)``.
        people: ``(G,)`` person of each, rising.
        queries: Unit embeddings ``(Q, D)``.

    Returns:
        Way -> people ``(Q,)`` and scores ``(Q, 2)`` of the first two. ``best`` takes the best cosine with a photograph
        of the person; ``mean`` the cosine with the mean of the person's unit embeddings.
    """
    names, starts = np.unique(people, return_index=True)
    best = np.maximum.reduceat(queries @ enrolled.T, starts, axis=1)
    means = np.add.reduceat(enrolled, starts, axis=0)
    mean = queries @ (means / np.linalg.norm(means, axis=1, keepdims=True)).T
    return {"best": _first_two(best, names), "mean": _first_two(mean, names)}


def _first_two(scores: np.ndarray, names: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    order = np.argpartition(-scores, 1, axis=1)[:, :2]
    found = np.take_along_axis(scores, order, axis=1)
    swapped = np.take_along_axis(order, np.argsort(-found, axis=1, kind="stable"), axis=1)
    return names[swapped[:, 0]], np.take_along_axis(scores, swapped, axis=1)


def holds(rows: Sequence[Mapping[str, Any]], promised: float, kinds: Sequence[str]) -> bool:
    """Return whether the FPIR is between half and twice what was promised, for some kinds of query.

    Args:
        rows: Rows of the table.
        promised: Rate in percent.
        kinds: Kinds of query.
    """
    rates = [rate for row in rows if row["query"] in kinds for rate in row["rates"] if rate["promised"] == promised]
    return all(0.5 * promised <= rate["FPIR"] <= 2 * promised for rate in rates)


def _percent(hits: np.ndarray) -> float:
    return round(100 * float(hits.mean()), 2)
