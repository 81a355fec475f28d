"""Covered faces that were aligned badly: detectors find the points of a covered face less well than of a free one.

Such a face is turned, near, shifted or small, and still is a covered one: its condition stays that of its cover.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from fdemd.faces.alignment import AlignedFace

if TYPE_CHECKING:
    from fdemd.visibility.covers.draw import Covered, Draw

_DEGREES = 30.0
"""Largest turn, either way."""
_SCALE = (0.85, 1.45)
"""Smallest and largest size, in that of a face which is aligned well."""
_SHIFT = 0.15
"""Largest shift along each axis, in sides of the picture."""
_SMALLEST = 0.3
"""Smallest side of half of the pictures before they are enlarged to their own, as a share of it."""
SETTINGS = {"degrees": _DEGREES, "scale": list(_SCALE), "shift": _SHIFT, "smallest": _SMALLEST}
"""What decides how badly, as plain values."""


def askew(draw: Draw) -> Draw:
    """Return what draws a cover and then aligns the face badly. A face on which no cover is to be seen stays as it is.

    Args:
        draw: Draws the cover.
    """

    def moved(face: AlignedFace, rng: np.random.Generator) -> Covered:
        drawn = draw(face, rng)
        return drawn if drawn.condition == "clean" else _moved(drawn, rng)

    return moved


def _moved(drawn: Covered, rng: np.random.Generator) -> Covered:
    image, landmarks = drawn.face.image, drawn.face.landmarks
    height, width = image.shape[:2]
    degrees, shift = rng.uniform(-_DEGREES, _DEGREES), rng.uniform(-_SHIFT, _SHIFT, 2)
    scale = float(np.exp(rng.uniform(*np.log(_SCALE))))
    matrix = np.asarray(cv2.getRotationMatrix2D((width / 2, height / 2), degrees, scale), dtype=np.float64)
    matrix[:, 2] += shift * (width, height)
    outside = cv2.BORDER_CONSTANT if rng.random() < 0.5 else cv2.BORDER_REFLECT_101  # the photograph ends, or goes on
    image = cv2.warpAffine(image, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=outside)
    if rng.random() < 0.5:
        small = rng.uniform(_SMALLEST, 1)
        size = max(1, round(small * width)), max(1, round(small * height))
        image = cv2.resize(cv2.resize(image, size, interpolation=cv2.INTER_AREA), (width, height))
    covered = cv2.warpAffine(drawn.covered.astype(np.uint8), matrix, (width, height), flags=0, borderValue=1)
    points = np.asarray(landmarks @ matrix[:, :2].T + matrix[:, 2], dtype=np.float32)
    return drawn._replace(face=AlignedFace(image, points), covered=covered.astype(bool))
