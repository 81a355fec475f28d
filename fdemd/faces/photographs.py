"""From a photograph to an aligned face: the one way for training, evaluation and data preparation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fdemd.errors import InputError
from fdemd.faces.alignment import TEMPLATES, AlignedFace, align, resize_aligned
from fdemd.faces.landmarks import find_face
from fdemd.faces.reading import UnreadableImageError

UNREADABLE, NO_FACE = "unreadable", "no face found"
"""Problems of a photograph that gives no face."""


@dataclass(frozen=True)
class Preprocessing:
    """How photographs become aligned faces.

    Attributes:
        template: A name in :data:`fdemd.faces.alignment.TEMPLATES`.
        size: ``(height, width)`` of the faces in pixels.
        detector: A name in :data:`fdemd.faces.landmarks.DETECTORS`.
    """

    template: str
    size: tuple[int, int]
    detector: str


def extract_face(image: np.ndarray, preprocessing: Preprocessing, *, aligned: bool) -> tuple[AlignedFace | None, int]:
    """Find and align the most prominent face of a picture.

    Args:
        image: Picture ``(H, W, 3)``, uint8 RGB.
        preprocessing: How the face is found and cut out.
        aligned: Whether the picture follows the template of ``preprocessing`` already, so that it is only resized.

    Returns:
        The aligned face, and the number of faces in the picture; None and 0 if the detector finds no face.

    Raises:
        UnreadableImageError: The picture is said to be aligned but has other proportions than the template; or the
            detector or the template fails on it, as some do on odd shapes.
        InputError: There is no such template or detector, or the template cannot give faces of this size.
    """
    if aligned:
        height, width = image.shape[:2]
        frame_height, frame_width = TEMPLATES[preprocessing.template].frame
        if height * frame_width != width * frame_height:
            raise UnreadableImageError(
                f"{width}x{height} pixels are not of the proportions of the alignment {preprocessing.template}"
            )
        return resize_aligned(image, preprocessing.template, preprocessing.size), 1
    try:
        found = find_face(image, preprocessing.detector)
        return (
            (None, 0)
            if found is None
            else (align(image, found, preprocessing.template, preprocessing.size), found.faces)
        )
    except (InputError, OSError, ImportError):  # not the picture's fault: networks and weights that cannot be loaded
        raise
    except Exception as error:  # OpenCV, dlib and PyTorch raise many kinds
        height, width = image.shape[:2]
        words = " ".join(str(error).split()) or type(error).__name__
        raise UnreadableImageError(f"no face can be looked for in {width}x{height} pixels: {words}") from error
