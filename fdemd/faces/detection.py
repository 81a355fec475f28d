"""What a face detector says, and which of several faces a photograph is of."""

from __future__ import annotations

from collections.abc import Callable, Iterable
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
        confidence: that it is a face and upright, from 0 (it may as well be turned) to 1 (no turned face seen so far
            looked like that).
    """

    box: tuple[float, float, float, float]
    five_points: np.ndarray | None = None
    confidence: float = 0.0


Search = Callable[[np.ndarray], list[Detection]]
"""Picture ``(H, W, 3)`` uint8 RGB -> its faces, in no order."""


class Detector(NamedTuple):
    """How faces are found.

    Attributes:
        search: of a picture as it is.
        glances: quicker searches, for turned copies of a picture whose face is doubtful; those behind the first are
            for pictures in which no face is found.
    """

    search: Search
    glances: tuple[Search, ...]


def prominence(box: tuple[float, float, float, float], width: int, height: int) -> float:
    """How much a picture is of the face in ``box``: its area minus twice the square of its way to the centre.

    Above 0 the centre of the picture is inside the box or close to it.
    """
    left, top, right, bottom = box
    aside, below = (left + right - width) / 2, (top + bottom - height) / 2
    return (right - left) * (bottom - top) - 2 * (aside**2 + below**2)


def most_prominent(faces: Iterable[Detection], image: np.ndarray) -> Detection | None:
    """The face that a picture ``(H, W, 3)`` is most of; None if there is none."""
    height, width = image.shape[:2]
    return max(faces, key=lambda face: prominence(face.box, width, height), default=None)


def is_near_centre(face: Detection, image: np.ndarray) -> bool:
    """Whether a face is where that of the person a picture ``(H, W, 3)`` is of would be."""
    return prominence(face.box, image.shape[1], image.shape[0]) > 0


def reduced(image: np.ndarray) -> tuple[np.ndarray, float]:
    """A copy of a picture of at most :data:`LARGEST_SIDE`, or itself, and its scale."""
    scale = min(1.0, LARGEST_SIDE / max(image.shape[:2]))
    return image if scale == 1 else cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), scale


def enlarged(face: Detection, scale: float) -> Detection:
    """A face of a reduced copy in pixels of the picture."""
    left, top, right, bottom = face.box
    points = None if face.five_points is None else face.five_points / scale
    return Detection((left / scale, top / scale, right / scale, bottom / scale), points, face.confidence)
