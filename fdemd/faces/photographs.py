"""Photograph -> aligned face, for everything that takes photographs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fdemd.errors import InputError
from fdemd.faces.alignment import TEMPLATES, AlignedFace, align, aligned_already
from fdemd.faces.landmarks import find_face
from fdemd.faces.reading import UnreadableImageError

UNREADABLE, NO_FACE = "unreadable", "no face found"
"""Why a photograph gives no face."""


@dataclass(frozen=True)
class Way:
    """How photographs become faces: template, ``(height, width)`` in pixels, detector."""

    template: str
    size: tuple[int, int]
    detector: str


def face_in(image: np.ndarray, way: Way, *, aligned: bool) -> tuple[AlignedFace | None, int]:
    """The face that a picture is of, and how many faces it shows.

    Args:
        image: ``(H, W, 3)`` uint8 RGB.
        way: to the face.
        aligned: the picture follows the template of ``way`` already, and is only resized.

    Returns:
        None and 0 if the detector finds no face.

    Raises:
        UnreadableImageError: it cannot follow the template, being of other proportions; or the detector or the template
            fails on this picture, as some do on odd shapes.
        InputError: the template, the detector or the size is not one.
    """
    if aligned:
        height, width = image.shape[:2]
        frame_height, frame_width = TEMPLATES[way.template].frame
        if height * frame_width != width * frame_height:
            raise UnreadableImageError(
                f"{width}x{height} pixels are not of the proportions of the alignment {way.template}"
            )
        return aligned_already(image, way.template, way.size), 1
    try:
        found = find_face(image, way.detector)
        return (None, 0) if found is None else (align(image, found, way.template, way.size), found.faces)
    except (InputError, OSError, ImportError):  # not the picture's fault: networks and weights that cannot be loaded
        raise
    except Exception as error:  # OpenCV, dlib and PyTorch raise many kinds
        height, width = image.shape[:2]
        words = " ".join(str(error).split()) or type(error).__name__
        raise UnreadableImageError(f"no face can be looked for in {width}x{height} pixels: {words}") from error
