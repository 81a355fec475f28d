"""Photograph and landmarks -> the upright, scaled face a network was trained on."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import dlib
import numpy as np

from fdemd.errors import unknown


class AlignedFace(NamedTuple):
    """A face ``(H, W, 3)`` uint8 RGB and its landmarks ``(68, 2)`` float32 in its own pixels."""

    image: np.ndarray
    landmarks: np.ndarray


def align(image: np.ndarray, landmarks: np.ndarray, template: str, size: tuple[int, int]) -> AlignedFace:
    """Cut out the face.

    Args:
        image: ``(H, W, 3)`` uint8 RGB.
        landmarks: ``(68, 2)`` x and y in pixels.
        template: a name in :data:`TEMPLATES`.
        size: ``(height, width)`` of the result.

    Raises:
        InputError: unknown template.
    """
    if template not in TEMPLATES:
        raise unknown("alignment", template, TEMPLATES)
    return TEMPLATES[template](image, landmarks, size)


def _dlib_chip(image: np.ndarray, landmarks: np.ndarray, size: tuple[int, int], padding: float = 0.25) -> AlignedFace:
    """The chip of dlib's own pipeline: a square around the 51 inner landmarks, fitted to dlib's mean face."""
    points = [dlib.point(round(x), round(y)) for x, y in landmarks]
    face = dlib.full_object_detection(dlib.rectangle(0, 0, image.shape[1], image.shape[0]), points)
    details = dlib.get_face_chip_details(face, size[0], padding)
    chip = dlib.extract_image_chip(np.ascontiguousarray(image), details)
    # dlib turns the rectangle around its centre and lays its corners on the chip's corner pixels.
    rect = details.rect
    centre = np.array([rect.left() + rect.right(), rect.top() + rect.bottom()]) / 2
    cos, sin = np.cos(details.angle), np.sin(details.angle)
    upright = (landmarks - centre) @ np.array([[cos, -sin], [sin, cos]]) + centre
    per_pixel = np.array([rect.right() - rect.left(), rect.bottom() - rect.top()]) / (np.array(chip.shape[1::-1]) - 1)
    return AlignedFace(chip, ((upright - (rect.left(), rect.top())) / per_pixel).astype(np.float32))


TEMPLATES: dict[str, Callable[[np.ndarray, np.ndarray, tuple[int, int]], AlignedFace]] = {"dlib": _dlib_chip}
"""Name -> alignment, as model cards name it."""
