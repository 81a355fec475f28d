"""Which threshold a face gets by what an estimator sees of it, and whether it is fit to be enrolled."""

from __future__ import annotations

from collections.abc import Mapping

from fdemd.features import Features
from fdemd.gallery.occlusions import CLEAN
from fdemd.visibility.conditions import CONDITIONS, Condition
from fdemd.visibility.estimator import VisibilityEstimator

SURE = 0.5
"""Probability from which a face counts as covered in a way that has a threshold of its own."""
_KIND_OF: Mapping[Condition, str] = {"below": "mask", "above": "sunglass", "cut": "crop"}
"""What was seen -> the kind of query whose strangers score alike; all else is compared with uncovered strangers."""
_COVERS: tuple[Condition, ...] = ("below", "above", "other")

Conditions = Mapping[Condition, float]
"""Probability of each condition of a face; empty where no estimator is for its network."""


def conditions_of(estimator: VisibilityEstimator | None, features: Features) -> list[Conditions]:
    """Return what may have happened to each of ``B`` faces.

    Args:
        estimator: Of their network; None sees nothing.
        features: With raw patches.
    """
    if estimator is None:
        return [{} for _ in range(len(features))]
    return [dict(zip(CONDITIONS, line, strict=True)) for line in estimator(features).condition.tolist()]


def worn_by(conditions: Conditions) -> str:
    """Return what a face seems to wear, a name in :data:`fdemd.gallery.occlusions.KINDS`.

    Args:
        conditions: Probabilities of its conditions.

    Examples:
        >>> worn_by({"clean": 0.1, "below": 0.8, "above": 0.1}), worn_by({"clean": 0.6, "below": 0.4}), worn_by({})
        ('mask', 'clean', 'clean')
    """
    likeliest = max(_KIND_OF, key=lambda condition: conditions.get(condition, 0.0))
    return _KIND_OF[likeliest] if conditions.get(likeliest, 0.0) > SURE else CLEAN


def covered(conditions: Conditions) -> float:
    """Return the probability that something covers a face.

    Args:
        conditions: Probabilities of its conditions.

    Examples:
        >>> covered({"clean": 0.25, "below": 0.5, "other": 0.25})
        0.75
    """
    return sum(conditions.get(condition, 0.0) for condition in _COVERS)
