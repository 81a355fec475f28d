"""What a face detector says, and which of several faces a photograph is of."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import cv2
import numpy as np

LARGEST_SIDE = 1000
"""Pixels; faces are looked for in a copy reduced to this side, landmarks are found in full resolution."""


class Detection(NamedTuple):
    """One face.

    Attributes:
        box: left, top, right and bottom in pixels; it may reach beyond the picture.
        five_points: ``(5, 2)`` float64 x and y in pixels of the eye on the left of the picture, the other eye, the tip
            of the nose and the corners of the mouth, left first; None if the detector does not look for them.
    """

    box: tuple[float, float, float, float]
    five_points: np.ndarray | None = None


Detector = Callable[[np.ndarray], list[Detection]]
"""Picture ``(H, W, 3)`` uint8 RGB -> its faces, in no order."""


def prominence(box: tuple[float, float, float, float], width: int, height: int) -> float:
    """How much a picture is of the face in ``box``: its area minus twice the square of its way to the centre.

    Above 0 the centre of the picture is inside the box or close to it.
    """
    left, top, right, bottom = box
    aside, below = (left + right - width) / 2, (top + bottom - height) / 2
    return (right - left) * (bottom - top) - 2 * (aside**2 + below**2)


def detect_reduced(detector: Detector, image: np.ndarray) -> list[Detection]:
    """The faces of a picture of any size, found in a copy of at most :data:`LARGEST_SIDE`, in pixels of the picture."""
    scale = min(1.0, LARGEST_SIDE / max(image.shape[:2]))
    if scale == 1:
        return detector(image)
    small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return [
        Detection(
            (box[0] / scale, box[1] / scale, box[2] / scale, box[3] / scale),
            None if points is None else points / scale,
        )
        for box, points in detector(small)
    ]
