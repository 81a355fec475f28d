"""Detections of faces, and the choice of the one that a photograph shows."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

import cv2
import numpy as np


class Detection(NamedTuple):
    """A detected face.

    Attributes:
        box: Left, top, right and bottom in pixels; it may reach beyond the picture.
        five_points: ``(5, 2)``, float64 x and y in pixels of the eye on the left of the picture, the other eye, the tip
            of the nose and the corners of the mouth, left first; None if the detector does not look for them.
        confidence: Confidence that it is a face and upright: 0 if it may as well be rotated, 1 or more if hardly any
            rotated face seen so far had that.
        weak: Whether the detector is not sure that it is a face, and it was taken as the photograph is a tight crop.
    """

    box: tuple[float, float, float, float]
    five_points: np.ndarray | None = None
    confidence: float = 0.0
    weak: bool = False


Search = Callable[[np.ndarray], list[Detection]]
"""Function from a picture ``(H, W, 3)``, uint8 RGB, to its faces in no order."""


class Detector(NamedTuple):
    """A face detector.

    Attributes:
        search: Search of a picture as it is.
        glances: Quicker searches of rotated copies. The first is used if the face of a picture is doubtful, all of
            them in turn if it shows no face.
        clearly: How much more confident it must be of a face in a rotated copy, lest an upright face is rotated.
        largest_side: Longer side, in pixels, of the copy of a larger photograph that is searched.
    """

    search: Search
    glances: tuple[Search, ...]
    clearly: float
    largest_side: int


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


def reduced(image: np.ndarray, largest_side: int) -> tuple[np.ndarray, float]:
    """Return a picture with sides of at most so many pixels, and its scale (at most 1)."""
    scale = min(1.0, largest_side / max(image.shape[:2]))
    return image if scale == 1 else cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), scale


def enlarged(face: Detection, scale: float) -> Detection:
    """Return a face that was found in a copy of the given scale in pixels of the original picture."""
    left, top, right, bottom = face.box
    points = None if face.five_points is None else face.five_points / scale
    return face._replace(box=(left / scale, top / scale, right / scale, bottom / scale), five_points=points)
