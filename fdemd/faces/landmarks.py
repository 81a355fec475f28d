"""Finds the face in a photograph and its 68 landmarks (iBUG numbering), with dlib."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import cv2
import dlib
import numpy as np

from fdemd.checkpoints import installed_file, read_card

LANDMARKS = 68
_LARGEST_SIDE = 1000
"""Faces are looked for in a copy reduced to this side; landmarks are found in full resolution."""
_LARGEST_SIDE_TO_ENLARGE = 500
_SEARCHES = ((0.0, 0), (0.4, 0), (0.4, 1), (0.4, 2))
"""(border as a share of the larger side, number of doublings): faces that fill the picture show with a border only."""


class FoundFace(NamedTuple):
    """Landmarks ``(68, 2)``, float64 x and y in pixels of the photograph, and how many faces it shows."""

    landmarks: np.ndarray
    faces: int


def find_face(image: np.ndarray) -> FoundFace | None:
    """Find the face of the person a photograph is of: of several, the largest that is near the centre.

    Args:
        image: ``(H, W, 3)`` uint8 RGB.

    Returns:
        None if no search finds a face: first the picture as it is, then with its border continued outwards, then
        also enlarged twice and four times (small pictures only).
    """
    scale = min(1.0, _LARGEST_SIDE / max(image.shape[:2]))
    small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else image
    for border, doublings in _SEARCHES:
        if doublings and max(small.shape[:2]) > _LARGEST_SIDE_TO_ENLARGE:
            return None
        margin = int(border * max(small.shape[:2]))
        padded = cv2.copyMakeBorder(small, *[margin] * 4, cv2.BORDER_REPLICATE) if margin else small
        boxes = _detector()(padded, doublings)
        if boxes:
            box = max(boxes, key=lambda box: _prominence(box, padded.shape[1], padded.shape[0]))
            left, top, right, bottom = (
                round((side - margin) / scale) for side in (box.left(), box.top(), box.right(), box.bottom())
            )
            shape = _predictor()(image, dlib.rectangle(left, top, right, bottom))
            return FoundFace(np.array([(point.x, point.y) for point in shape.parts()], dtype=np.float64), len(boxes))
    return None


def _prominence(box: dlib.rectangle, width: int, height: int) -> float:
    centre = box.center()
    return box.area() - 2 * ((centre.x - width / 2) ** 2 + (centre.y - height / 2) ** 2)


@cache
def _detector() -> dlib.fhog_object_detector:
    return dlib.get_frontal_face_detector()


@cache
def _predictor() -> dlib.shape_predictor:
    return dlib.shape_predictor(str(installed_file(read_card("dlib_landmarks"))))
