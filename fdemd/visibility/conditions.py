"""What may have happened to a face, and which of it a cover makes."""

from __future__ import annotations

from typing import Literal, get_args

import cv2
import numpy as np
import numpy.typing as npt

Condition = Literal["clean", "below", "above", "cut", "turned", "blurred", "other"]
CONDITIONS: tuple[Condition, ...] = get_args(Condition)
"""In the order of the estimator's probabilities: nothing happened; covered below the eyes; covered at the eyes or above
them; cut, so that the face is larger than usual; turned in the plane; blurred; covered in another way."""

_LOWER = [*range(4, 13), *range(31, 36), *range(48, 60)]
"""Landmarks around chin, mouth and the end of the nose."""
_UPPER = [*range(17, 27), *range(36, 48)]
"""Landmarks of brows and eyes."""
_COVERED = 0.35
"""Share of a region from which it counts as covered."""
_LESS = 0.7
"""Share of what is covered of one region up to which the other one counts as less covered: hair over the brows leaves a
mask a mask."""
_NOTICED = 0.04
"""Share of the whole face below which a cover counts as none."""


def condition_of(covered: npt.NDArray[np.bool_], landmarks: npt.NDArray[np.floating]) -> Condition:
    """Return what a cover makes of a face.

    Args:
        covered: ``(H, W)`` which pixels no longer show the face.
        landmarks: ``(68, 2)`` x and y in pixels.

    Example:
        >>> landmarks = np.full((68, 2), 50.0)
        >>> condition_of(np.zeros((100, 100), dtype=bool), landmarks)
        'clean'
    """
    lower, upper, whole = (
        covered_share(covered, landmarks[points]) for points in (_LOWER, _UPPER, [*range(17), *_UPPER])
    )
    if whole < _NOTICED:
        return "clean"
    if lower >= _COVERED and upper <= _LESS * lower:
        return "below"
    if upper >= _COVERED and lower <= _LESS * upper:
        return "above"
    return "other"


def covered_share(covered: npt.NDArray[np.bool_], points: npt.NDArray[np.floating]) -> float:
    """Return the share of the convex hull of some points that is covered, 0 if it lies outside the picture.

    Args:
        covered: ``(H, W)``.
        points: ``(n, 2)`` x and y in pixels.
    """
    region = np.zeros(covered.shape, dtype=np.uint8)
    cv2.fillConvexPoly(region, cv2.convexHull(np.rint(points).astype(np.int32)), 1)
    inside = region.astype(bool)
    return float(covered[inside].mean()) if inside.any() else 0.0
