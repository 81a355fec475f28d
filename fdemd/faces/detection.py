"""Detections of faces, and the choice of the one that a photograph shows."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

import cv2
import numpy as np

LARGEST_SIDE = 1000
"""Faces are detected in a copy whose longer side is at most so many pixels; landmarks in full resolution."""


class Detection(NamedTuple):
    """A detected face.

    Attributes:
        box: Left, top, right and bottom in pixels; it may reach beyond the picture.
        five_points: ``(5, 2)``, float64 x and y in pixels of the eye on the left of the picture, the other eye, the tip
            of the nose and the corners of the mouth, left first; None if the detector does not look for them.
        confidence: Confidence that it is a face and upright, from 0 (it may as well be rotated) to 1 (no rotated face
            seen so far had that).
    """

    box: tuple[float, float, float, float]
    five_points: np.ndarray | None = None
    confidence: float = 0.0


Search = Callable[[np.ndarray], list[Detection]]
"""Function from a picture ``(H, W, 3)``, uint8 RGB, to its faces in no order."""


class Detector(NamedTuple):
    """A face detector.

    Attributes:
        search: Search of a picture as it is.
        glances: Quicker searches of rotated copies. The first is used if the face of a picture is doubtful, all of
            them in turn if it shows no face.
    """

    search: Search
    glances: tuple[Search, ...]


def prominence(box: tuple[float, float, float, float], width: int, height: int) -> float:
    """Return the area of a box minus twice its squared distance from the centre of the picture, in square pixels.

    Above 0 the centre of the picture is inside the box or close to it.

    Args:
        box: Left, top, right and bottom in pixels.
        width: Width of the picture in pixels.
        height: Height of the picture in pixels.

    >>> prominence((0, 0, 10, 10), 10, 10), prominence((0, 0, 10, 10), 40, 10)
    (100.0, -350.0)
    """
    left, top, right, bottom = box
    aside, below = (left + right - width) / 2, (top + bottom - height) / 2
    return (right - left) * (bottom - top) - 2 * (aside**2 + below**2)


def most_prominent(faces: Iterable[Detection], image: np.ndarray) -> Detection | None:
    """Return the most prominent face of a picture ``(H, W, 3)``; None if there is none."""
    height, width = image.shape[:2]
    return max(faces, key=lambda face: prominence(face.box, width, height), default=None)


def is_near_centre(face: Detection, image: np.ndarray) -> bool:
    """Return whether a face covers the centre of a picture ``(H, W, 3)`` or is close to it."""
    return prominence(face.box, image.shape[1], image.shape[0]) > 0


def reduced(image: np.ndarray) -> tuple[np.ndarray, float]:
    """Return a picture with sides of at most :data:`LARGEST_SIDE` pixels, and its scale (at most 1)."""
    scale = min(1.0, LARGEST_SIDE / max(image.shape[:2]))
    return image if scale == 1 else cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), scale


def enlarged(face: Detection, scale: float) -> Detection:
    """Return a face that was found in a copy of the given scale in pixels of the original picture."""
    left, top, right, bottom = face.box
    points = None if face.five_points is None else face.five_points / scale
    return Detection((left / scale, top / scale, right / scale, bottom / scale), points, face.confidence)
