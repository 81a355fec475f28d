"""The aligned face as the drawing code sees it: levelled landmarks, size, head turn and smooth curves.

Everything is drawn in the *face frame*: pixel units, origin midway between the eyes, x along the eye line
(to the right in the picture), y towards the chin. Working there makes in-plane roll disappear from all formulas.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Points = npt.NDArray[np.float64]

LANDMARK_COUNT = 68
# Where arcs are sampled, from start to end.
_ALONG = np.linspace(0, 1, 13)[:, None]
# The asymmetry (left part - right part) / face width seen on a head turned by roughly 50 degrees.
_ASYMMETRY_AT_FULL_TURN = 0.6


@dataclass(frozen=True)
class Face:
    """Landmarks of one face in the face frame.

    Attributes:
        points: (68, 2) iBUG landmarks in the face frame, pixels.
        origin: (2,) position of the frame's origin in the picture.
        axes: (2, 2) rows are the frame's x and y unit vectors in the picture.
        scale: Distance from the eye line to the chin in pixels, at least 1; it does not shrink as the head turns.
        turn: -1..1, how far the head is turned; positive when the nose points to the right of the picture.
    """

    points: Points
    origin: Points
    axes: Points
    scale: float
    turn: float

    def to_image(self, points: Points) -> Points:
        """Map (..., 2) face-frame points to picture coordinates."""
        return points @ self.axes + self.origin

    def to_frame(self, points: Points) -> Points:
        """Map (..., 2) picture coordinates to the face frame."""
        return (points - self.origin) @ self.axes.T

    def jaw(self, position: float) -> Points:
        """(2,) point of the jaw line at a fractional landmark number, 0 (left ear) .. 16 (right ear)."""
        low = min(int(position), 15)
        return self.points[low] + (position - low) * (self.points[low + 1] - self.points[low])


def read_face(landmarks: Any) -> Face:
    """Level a (68, 2+) array of picture coordinates; extra columns are ignored.

    Raises:
        ValueError: There are not 68 landmarks or a coordinate is not finite.
    """
    points = np.asarray(landmarks, dtype=np.float64)
    if points.ndim != 2 or points.shape[0] != LANDMARK_COUNT or points.shape[1] < 2:
        raise ValueError(
            f"A face has {LANDMARK_COUNT} landmarks of x and y, but the keypoints have shape {points.shape}."
        )
    points = points[:, :2]
    if not np.isfinite(points).all():
        raise ValueError("All landmark coordinates must be finite numbers.")

    left_eye, right_eye = points[36:42].mean(axis=0), points[42:48].mean(axis=0)
    origin = (left_eye + right_eye) / 2
    angle = np.arctan2(*(right_eye - left_eye)[::-1])
    axes = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    level = (points - origin) @ axes.T
    return Face(level, origin, axes, scale=max(float(level[8, 1]), 1.0), turn=_head_turn(level))


def _head_turn(level: Points) -> float:
    """Head turn (-1..1) from how unequally the nose bridge divides the width of the face."""
    nose = level[27:29, 0].mean()
    left_part = nose - level[0:3, 0].mean()
    right_part = level[14:17, 0].mean() - nose
    asymmetry = (left_part - right_part) / max(abs(left_part) + abs(right_part), 1e-6)
    return float(np.clip(asymmetry / _ASYMMETRY_AT_FULL_TURN, -1, 1))


class Curve:
    """Smooth curve through (n, d) values at increasing knots: a cubic Hermite spline with finite-difference tangents.

    Args:
        knots: (n,) increasing parameters.
        values: (n, d) points that the curve passes through.
    """

    def __init__(self, knots: Points, values: Points) -> None:
        self._knots = knots
        self._values = values
        self._tangents = np.gradient(values, knots, axis=0)

    def __call__(self, at: Points) -> Points:
        """Points (..., d) at parameters (...,) within the knots."""
        knots, values, tangents = self._knots, self._values, self._tangents
        left = np.searchsorted(knots[1:-1], at, side="right")
        width = (knots[left + 1] - knots[left])[..., None]
        t = (at - knots[left])[..., None] / width
        s = 1 - t
        start = s * s * ((1 + 2 * t) * values[left] + t * width * tangents[left])
        return start + t * t * ((1 + 2 * s) * values[left + 1] - s * width * tangents[left + 1])


def arc(start: Points, end: Points, sag: float) -> Points:
    """Line (13, 2) from start to end whose middle hangs `sag` pixels below the straight one."""
    return start + _ALONG * (end - start) + 4 * _ALONG * (1 - _ALONG) * np.array([0, sag])


def closed_curve(corners: Points, samples_per_side: int = 8) -> Points:
    """Smooth closed outline (m, 2) through the `corners` (n, 2)."""
    count = len(corners)
    wrapped = np.concatenate([corners[-2:], corners, corners[:3]])
    knots = np.arange(-2.0, count + 3.0)
    return Curve(knots, wrapped)(np.linspace(0, count, count * samples_per_side, endpoint=False))
