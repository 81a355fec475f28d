"""From a photograph to an aligned face: the one way for training, evaluation and data preparation."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fdemd.errors import InputError
from fdemd.faces.alignment import TEMPLATES, AlignedFace, align, resize_aligned
from fdemd.faces.landmarks import find_face
from fdemd.faces.reading import UnreadableImageError, check_sides, read_image

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


def align_face(photograph: Path | str | np.ndarray, preprocessing: Preprocessing) -> tuple[AlignedFace, int]:
    """Return the face that a photograph is of, and how many faces it shows.

    Args:
        photograph: File, or pixels ``(H, W, 3)`` uint8 RGB.
        preprocessing: How it becomes the face that a network takes.

    Returns:
        The aligned face: of several the largest near the centre. And the number of faces found.

    Raises:
        InputError: The photograph cannot be read or shows no face.

    Example:
        >>> from fdemd.data.sources import orl_manifest
        >>> faces = orl_manifest()
        >>> face, count = align_face(faces.file(faces.photographs[0]), Preprocessing("dlib", (150, 150), "dlib"))
        >>> face.image.shape, face.landmarks.shape, count
        ((150, 150, 3), (68, 2), 1)
    """
    name = "the picture" if isinstance(photograph, np.ndarray) else str(photograph)
    try:
        image = photograph if isinstance(photograph, np.ndarray) else read_image(Path(photograph))
        if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
            raise UnreadableImageError(f"its pixels must be (H, W, 3) uint8 RGB, not {image.shape} {image.dtype}")
        check_sides(image.shape[1], image.shape[0])
        face, faces = extract_face(image, preprocessing, aligned=False)
    except UnreadableImageError as error:
        raise InputError(f"The photograph {name} cannot be read: {error}.") from error
    if face is None:
        raise InputError(
            f"The detector {preprocessing.detector} finds no face in {name}; try another photograph or detector."
        )
    return face, faces
