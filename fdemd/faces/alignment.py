"""Face alignment: cutting the upright, scaled face that a network was trained on out of a photograph."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial

import cv2
import dlib
import numpy as np

from fdemd.errors import InputError, unknown
from fdemd.faces.detection import Detection
from fdemd.faces.landmarks import FoundFace, find_landmarks
from fdemd.faces.orientation import rotate

_EYES, _NOSE_TIP, _MOUTH_CORNERS, _INNER_MOUTH_CORNERS = ((36, 42), (42, 48)), 30, (48, 54), (60, 64)
_BOX_MARGIN = 14
_MTCNN_SIDE, _MTCNN_RAISED = 1.305, 0.143
"""Of MTCNN's box made square: its side over the height of the 68 landmarks, and how far its centre lies above theirs
over its side. Medians over 500 photographs of LFW; the standard deviations are 6 % and 2.5 % of the side."""


class AlignedFace:
    """An aligned face and its landmarks.

    Attributes:
        image: Face ``(H, W, 3)``, uint8 RGB.
    """

    def __init__(self, image: np.ndarray, landmarks: np.ndarray | Callable[[], np.ndarray]) -> None:
        """Take a face.

        Args:
            image: Face ``(H, W, 3)``, uint8 RGB.
            landmarks: 68 landmarks ``(68, 2)``, float32 x and y in pixels of the face, or a function that finds them.
        """
        self.image = image
        self._landmarks = landmarks

    @cached_property
    def landmarks(self) -> np.ndarray:
        """68 landmarks ``(68, 2)``, float32 x and y in pixels of the face, found when they are first asked for.

        Until then the face keeps the photograph that it was cut out of.
        """
        found = self._landmarks() if callable(self._landmarks) else self._landmarks
        self._landmarks = found
        return found

    def __reduce__(self) -> tuple[type[AlignedFace], tuple[np.ndarray, np.ndarray]]:
        return AlignedFace, (self.image, self.landmarks)


def align(image: np.ndarray, found: FoundFace, template: str, size: tuple[int, int]) -> AlignedFace:
    """Cut the face out of a photograph.

    Args:
        image: Picture ``(H, W, 3)``, uint8 RGB.
        found: The face that was found in it.
        template: A name in :data:`TEMPLATES`.
        size: ``(height, width)`` of the aligned face in pixels.

    Raises:
        InputError: There is no such template, or its proportions are not those of ``size``.
    """
    return TEMPLATES[check_alignment(template, size)].cut(rotate(image, found.turns), found, size)


def resize_aligned(image: np.ndarray, template: str, size: tuple[int, int]) -> AlignedFace:
    """Resize a picture that is an aligned face already, and find its landmarks from where its template has them.

    Args:
        image: Picture ``(H, W, 3)``, uint8 RGB.
        template: The template that it follows, a name in :data:`TEMPLATES`.
        size: ``(height, width)`` of the aligned face in pixels.

    Raises:
        InputError: There is no such template, or its proportions are not those of ``size``.
    """
    check_alignment(template, size)
    shrinks = size[0] < image.shape[0]
    face = cv2.resize(image, size[::-1], interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
    points = TEMPLATES[template].points * size[0] / TEMPLATES[template].frame[0]
    whole = Detection((0, 0, size[1], size[0]), points)
    return AlignedFace(face, lambda: find_landmarks(face, whole).astype(np.float32))


def check_alignment(template: str, size: tuple[int, int]) -> str:
    """Return ``template`` if it is the name of a template that can give faces of ``size`` (height, width).

    Raises:
        InputError: There is no such template, or its proportions are not those of ``size``.

    >>> check_alignment("insightface", (224, 224))
    'insightface'
    """
    if template not in TEMPLATES:
        raise unknown("alignment", template, TEMPLATES)
    height, width = TEMPLATES[template].frame
    if size[0] * width != size[1] * height:
        raise InputError(
            f"Alignment {template} gives faces of {height}x{width} pixels (height x width) or of the same proportions, "
            f"but the network takes {size[0]}x{size[1]}; choose another alignment."
        )
    return template


def template_transform(template: str, size: tuple[int, int], other: str, other_size: tuple[int, int]) -> np.ndarray:
    """Return the similarity transform ``(2, 3)`` from faces of one template to faces of another.

    It maps the five points of one template to those of the other and is the same for every face.

    Args:
        template: Template of the faces, a name in :data:`TEMPLATES`.
        size: ``(height, width)`` of the faces in pixels.
        other: Template to transform to.
        other_size: ``(height, width)`` of the faces after the transform.

    Raises:
        InputError: There is no such template, or its proportions are not those of its size.
    """
    points, targets = (
        TEMPLATES[check_alignment(name, of)].points * of[0] / TEMPLATES[name].frame[0]
        for name, of in ((template, size), (other, other_size))
    )
    return similarity_transform(points, targets)


def five_points(landmarks: np.ndarray) -> np.ndarray:
    """Return the centres of the eyes, the tip of the nose and the outer corners of the mouth ``(5, 2)``.

    Args:
        landmarks: 68 landmarks ``(68, 2)`` in iBUG numbering.
    """
    eyes = [landmarks[first:last].mean(0) for first, last in _EYES]
    return np.stack([*eyes, landmarks[_NOSE_TIP], *landmarks[list(_MOUTH_CORNERS)]])


def five_points_of_the_paper(landmarks: np.ndarray) -> np.ndarray:
    """Return the five points as the code of DeepFace-EMD takes them.

    The centres of the eyes are cut to whole pixels, and the corners of the mouth are the *inner* ones.
    """
    points = five_points(landmarks)
    points[:2] = np.trunc(points[:2])
    points[3:] = landmarks[list(_INNER_MOUTH_CORNERS)]
    return points


def similarity_transform(points: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Return the rotation, scale and shift ``(2, 3)`` that bring ``points (N, 2)`` closest to ``targets (N, 2)``.

    This is the least-squares solution of Umeyama (1991) without mirroring; in the plane it is a division of complex
    numbers.

    >>> square = np.array([(0, 0), (1, 0), (1, 1), (0, 1)])
    >>> similarity_transform(square, 2 * square + (3, 0)).round(6).tolist()
    [[2.0, -0.0, 3.0], [0.0, 2.0, 0.0]]
    """
    x, y = points @ (1, 1j), targets @ (1, 1j)
    centred = x - x.mean()
    turn = np.vdot(centred, y) / np.vdot(centred, centred)
    shift = y.mean() - turn * x.mean()
    return np.array([[turn.real, -turn.imag, shift.real], [turn.imag, turn.real, shift.imag]])


def _fitted(
    image: np.ndarray, found: FoundFace, size: tuple[int, int], *, targets: np.ndarray, frame: tuple[int, int]
) -> AlignedFace:
    """The face with its five points as near to ``targets`` as turn, scale and shift can bring them; black around."""
    points = five_points(found.landmarks) if found.five_points is None else found.five_points
    return _warped(image, found, similarity_transform(points, targets * size[0] / frame[0]), size)


def _fitted_as_in_the_paper(
    image: np.ndarray, found: FoundFace, size: tuple[int, int], *, targets: np.ndarray, frame: tuple[int, int]
) -> AlignedFace:
    """Align a face as the code of DeepFace-EMD does (``alignment/align_face.py``, commit a0e13d1).

    It fits the template to the photograph and inverts that, which gives a slightly larger face, and it cuts out the
    frame first and then resizes it.
    """
    points = five_points_of_the_paper(found.landmarks) if found.five_points is None else found.five_points
    matrix = cv2.invertAffineTransform(similarity_transform(targets, points))
    face, scale = _warped(image, found, matrix, frame), np.float32(size[0] / frame[0])
    return AlignedFace(
        cv2.resize(face.image, size[::-1], interpolation=cv2.INTER_LINEAR),
        lambda: (face.landmarks + 0.5) * scale - 0.5,  # cv2.resize scales around pixels' corners
    )


def _warped(image: np.ndarray, found: FoundFace, matrix: np.ndarray, size: tuple[int, int]) -> AlignedFace:
    return AlignedFace(
        cv2.warpAffine(image, matrix, size[::-1], flags=cv2.INTER_LINEAR),
        lambda: (found.landmarks @ matrix[:, :2].T + matrix[:, 2]).astype(np.float32),
    )


def _box(image: np.ndarray, found: FoundFace, size: tuple[int, int]) -> AlignedFace:
    """MTCNN's box made square, not turned, with facenet-pytorch's margin for LFW, in pixels of the 160x160 result.

    YuNet's box is taken as it is: over 250 photographs of LFW its height is 1.02 sides of MTCNN's square (standard
    deviation 5 %), and their centres are 1 % apart (2 %).
    """
    centre, side = _mtcnn_square(found)
    scale = (size[0] - _BOX_MARGIN * size[0] / 160) / side
    shift = np.array(size) / 2 - scale * centre
    return _warped(image, found, np.array([[scale, 0, shift[0]], [0, scale, shift[1]]]), size)


def _mtcnn_square(found: FoundFace) -> tuple[np.ndarray, float]:
    """Centre ``(2,)`` and side of the square; of dlib's faces, as the landmarks say that MTCNN would draw it."""
    if found.five_points is not None:
        left, top, right, bottom = found.box
        return np.array([left + right, top + bottom]) / 2, max(right - left, bottom - top)
    low, high = found.landmarks.min(0), found.landmarks.max(0)
    side = _MTCNN_SIDE * (high - low)[1]
    return (low + high) / 2 - (0, _MTCNN_RAISED * side), side


def _dlib_chip(image: np.ndarray, found: FoundFace, size: tuple[int, int], padding: float = 0.25) -> AlignedFace:
    """The chip of dlib's own pipeline: a square around the 51 inner landmarks, fitted to dlib's mean face."""
    points = [dlib.point(round(x), round(y)) for x, y in found.landmarks]
    face = dlib.full_object_detection(dlib.rectangle(0, 0, image.shape[1], image.shape[0]), points)
    details = dlib.get_face_chip_details(face, size[0], padding)
    chip = dlib.extract_image_chip(np.ascontiguousarray(image), details)
    # dlib turns the rectangle around its centre and lays its corners on the chip's corner pixels.
    rect = details.rect
    centre = np.array([rect.left() + rect.right(), rect.top() + rect.bottom()]) / 2
    cos, sin = np.cos(details.angle), np.sin(details.angle)
    upright = (found.landmarks - centre) @ np.array([[cos, -sin], [sin, cos]]) + centre
    per_pixel = np.array([rect.right() - rect.left(), rect.bottom() - rect.top()]) / (np.array(chip.shape[1::-1]) - 1)
    return AlignedFace(chip, ((upright - (rect.left(), rect.top())) / per_pixel).astype(np.float32))


@dataclass(frozen=True)
class Template:
    """An alignment that networks were trained with.

    Attributes:
        frame: ``(height, width)`` in pixels that the template was published for.
        points: Position ``(5, 2)`` of the five points of a face in the frame, x and y in pixels.
        cut: Function of photograph, found face and size that returns the aligned face.
    """

    frame: tuple[int, int]
    points: np.ndarray
    cut: Callable[[np.ndarray, FoundFace, tuple[int, int]], AlignedFace]


def _template(frame: tuple[int, int], targets: np.ndarray, fit: Callable[..., AlignedFace] = _fitted) -> Template:
    return Template(frame, targets, partial(fit, targets=targets, frame=frame))


_ARCFACE = np.array(
    [(38.2946, 51.6963), (73.5318, 51.5014), (56.0252, 71.7366), (41.5493, 92.3655), (70.7299, 92.2041)]
)
_COSFACE = _ARCFACE - (8, 0)
_PAPER_160 = np.array(
    [(61.4356, 54.6963), (118.5318, 54.6963), (93.5252, 90.7366), (68.5493, 122.3655), (110.7299, 122.3641)]
)
# The next two fit no five points; these are medians over the photographs of LFW's pairs, left and right made alike.
_DLIB = np.array([(47.0, 46.2), (100.0, 46.2), (73.5, 75.3), (49.9, 103.8), (97.1, 103.8)])
_BOX_160 = np.array([(55.3, 63.8), (104.7, 63.8), (80.0, 90.2), (57.3, 116.8), (102.7, 116.8)])

TEMPLATES: dict[str, Template] = {
    "dlib": Template((150, 150), _DLIB, _dlib_chip),
    "box_160": Template((160, 160), _BOX_160, _box),
    "insightface": _template((112, 112), _ARCFACE),
    "insightface_112x96": _template((112, 96), _COSFACE),
    "paper_112x96": _template((112, 96), _COSFACE, _fitted_as_in_the_paper),
    "paper_160": _template((160, 160), _PAPER_160, _fitted_as_in_the_paper),
}
"""Name of a template, as model cards have it -> template.

Sources: dlib's ``face_chip`` pipeline; facenet-pytorch's boxes; InsightFace's five points (``arcface_torch``)
and the same without 8 columns on either side; the published code of DeepFace-EMD."""
