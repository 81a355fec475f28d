"""From a photograph to an aligned face: the one way for training, evaluation and data preparation."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np
from PIL import Image

from fdemd.errors import InputError
from fdemd.faces.alignment import TEMPLATES, AlignedFace, align, check_alignment, resize_aligned
from fdemd.faces.landmarks import check_detector, find_face, find_faces
from fdemd.faces.orientation import rotate_back
from fdemd.faces.reading import UnreadableImageError, check_sides, read_image, upright_rgb
from fdemd.settings.faces import DEFAULT_DETECTOR

if TYPE_CHECKING:
    from torch import Tensor

UNREADABLE, NO_FACE = "unreadable", "no face found"
"""Problems of a photograph that gives no face."""


_MANY = 0.05


def many_lost(without_face: int, photographs: int) -> bool:
    """Return whether more than 5 % of some photographs show no face that the detector finds."""
    return without_face > _MANY * photographs


def advice_on_losses(option: str) -> str:
    """Return what a person can do if many photographs show no face that is found, in a sentence.

    Args:
        option: What stands before ``detector`` where it is set, such as ``--``.
    """
    return (
        f"WARNING: more than {_MANY:.0%} show no face that is found: try another {option}detector, or, if they are "
        "faces that were cut out and aligned already, say so in the column aligned of a manifest (docs/manifests.md)."
    )


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


class ExtractedFace(NamedTuple):
    """What a picture gave.

    Attributes:
        face: Its aligned face; None if the detector finds none.
        faces: Number of faces in the picture.
        weak: Whether the detector is not sure of the face, see :class:`fdemd.faces.detection.Detection`.
    """

    face: AlignedFace | None
    faces: int = 0
    weak: bool = False


def extract_face(image: np.ndarray, preprocessing: Preprocessing, *, aligned: bool) -> ExtractedFace:
    """Find and align the most prominent face of a picture.

    Args:
        image: Picture ``(H, W, 3)``, uint8 RGB.
        preprocessing: How the face is found and cut out.
        aligned: Whether the picture follows the template of ``preprocessing`` already, so that it is only resized.

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
        return ExtractedFace(resize_aligned(image, preprocessing.template, preprocessing.size), 1)
    with _looked_for(image):
        if (found := find_face(image, preprocessing.detector)) is None:
            return ExtractedFace(None)
        return ExtractedFace(align(image, found, preprocessing.template, preprocessing.size), found.faces, found.weak)


class FaceOnPhotograph(NamedTuple):
    """One of the faces of a photograph.

    Attributes:
        face: The aligned face.
        box: Left, top, right and bottom in pixels of the photograph; it may reach beyond it.
        weak: Whether the detector is not sure of it, see :class:`fdemd.faces.detection.Detection`.
    """

    face: AlignedFace
    box: tuple[float, float, float, float]
    weak: bool


def extract_faces(image: np.ndarray, preprocessing: Preprocessing) -> list[FaceOnPhotograph]:
    """Find and align all faces of a picture, the most prominent first.

    Args:
        image: Picture ``(H, W, 3)``, uint8 RGB.
        preprocessing: How the faces are found and cut out.

    Raises:
        UnreadableImageError: The detector or the template fails on the picture, as some do on odd shapes.
        InputError: There is no such template or detector, or the template cannot give faces of this size.
    """
    with _looked_for(image):
        return [
            FaceOnPhotograph(
                align(image, found, preprocessing.template, preprocessing.size),
                rotate_back(found.box, found.turns, *image.shape[:2]),
                found.weak,
            )
            for found in find_faces(image, preprocessing.detector)
        ]


@contextmanager
def _looked_for(image: np.ndarray) -> Iterator[None]:
    """Tell what goes wrong while a face is looked for as the fault of the picture, unless it cannot be."""
    try:
        yield
    except (InputError, OSError, ImportError):  # not the picture's fault: networks and weights that cannot be loaded
        raise
    except Exception as error:  # OpenCV, dlib and PyTorch raise many kinds
        height, width = image.shape[:2]
        words = " ".join(str(error).split()) or type(error).__name__
        raise UnreadableImageError(f"no face can be looked for in {width}x{height} pixels: {words}") from error


class TakesFaces(Protocol):
    """What tells how faces are to be aligned: a network, see :class:`fdemd.backbones.Backbone`."""

    alignment: str
    face_size: tuple[int, int]


def align_face(
    photograph: str | Path | Image.Image | np.ndarray | Tensor,
    backbone: TakesFaces,
    *,
    detector: str = DEFAULT_DETECTOR,
) -> AlignedFace:
    """Find the face that a photograph is of, and cut it out as a network takes it.

    Of several faces the largest near the centre is taken. A photograph that lies on a side is turned.

    Args:
        photograph: Path of a file, a PIL image, or an array ``(H, W, 3)`` or ``(3, H, W)``, RGB, uint8 or floating
            point in [0, 1].
        backbone: Network that the face is for; it says the alignment and the size.
        detector: Detector of faces, ``yunet``, ``dlib`` or ``mtcnn``.

    Returns:
        Face ``(*face_size, 3)`` uint8 RGB with its 68 landmarks.

    Raises:
        InputError: The photograph cannot be read, or shows no face.

    Examples:
        >>> import fdemd
        >>> from fdemd.data.sources import orl_manifest
        >>> face = align_face(orl_manifest().root / "s1/1.pgm", fdemd.create_backbone("dlib"))
        >>> face.image.shape, face.landmarks.shape
        ((150, 150, 3), (68, 2))
    """
    return align_and_count(photograph, backbone, detector=detector)[0]


def align_and_count(
    photograph: str | Path | Image.Image | np.ndarray | Tensor,
    backbone: TakesFaces,
    *,
    detector: str = DEFAULT_DETECTOR,
) -> tuple[AlignedFace, int]:
    """Return what :func:`align_face` does, and the number of faces that the photograph shows."""
    preprocessing = Preprocessing(
        check_alignment(backbone.alignment, backbone.face_size), backbone.face_size, check_detector(detector)
    )
    name = f"photograph {photograph}" if isinstance(photograph, str | Path) else "photograph"
    try:
        face, faces, _ = extract_face(pixels_of(photograph), preprocessing, aligned=False)
    except UnreadableImageError as error:
        raise InputError(f"The {name} cannot be read: {error}.") from error
    if face is None:
        raise InputError(f"The detector {detector} finds no face in the {name}; try another photograph or detector.")
    face.landmarks  # noqa: B018 # found now, so that a face which is kept does not keep its photograph
    return face, faces


def pixels_of(photograph: str | Path | Image.Image | np.ndarray | Tensor) -> np.ndarray:
    """Return a photograph as ``(H, W, 3)`` uint8 RGB.

    Args:
        photograph: As for :func:`align_face`.

    Raises:
        UnreadableImageError: It cannot be read, or is too small or too narrow to show a face.
        InputError: It is an array of another shape or type.
    """
    if isinstance(photograph, str | Path):
        return read_image(Path(photograph))
    if isinstance(photograph, Image.Image):
        check_sides(*photograph.size)
        return upright_rgb(photograph)
    from fdemd.faces.pictures import as_bytes  # imports torch, which takes seconds that files do without

    pixels = as_bytes(photograph, "photograph")
    check_sides(pixels.shape[1], pixels.shape[0])
    return pixels
