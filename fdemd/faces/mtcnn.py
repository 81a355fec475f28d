"""MTCNN (Zhang et al. 2016) as facenet-pytorch ships it, weights included: faces and five points each."""

from __future__ import annotations

from functools import cache

import numpy as np
from facenet_pytorch import MTCNN

from fdemd.faces.detection import Detection

SMALLEST_FACE = 20
"""Pixels; the package's own default."""


def detect(image: np.ndarray) -> list[Detection]:
    """Faces of a picture that are at least :data:`SMALLEST_FACE` wide.

    Args:
        image: ``(H, W, 3)`` uint8 RGB.
    """
    if min(image.shape[:2]) < SMALLEST_FACE:  # the package fails on pictures that cannot hold one
        return []
    boxes, _, points = _network().detect(image, landmarks=True)
    if boxes is None:
        return []
    return [
        Detection((float(box[0]), float(box[1]), float(box[2]), float(box[3])), np.asarray(five, np.float64))
        for box, five in zip(boxes, points, strict=True)
    ]


@cache
def _network() -> MTCNN:
    return MTCNN(keep_all=True, min_face_size=SMALLEST_FACE)
