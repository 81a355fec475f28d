"""Finding the face of a photograph and its 68 landmarks (iBUG numbering)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property

import dlib
import numpy as np

from fdemd.checkpoints import installed_file, read_card
from fdemd.errors import unknown
from fdemd.faces import hog, mtcnn, yunet
from fdemd.faces.detection import Detection, Detector, by_prominence, enlarged, is_near_centre, reduced
from fdemd.faces.orientation import find_upright, rotate

LANDMARKS = 68
_SIDE_OF_SPREAD = 1.7
"""Side of the square that dlib's detector draws, over the root of the summed squared distances of five points to their
mean: the median over 500 photographs of LFW."""


def _dlib_first(image: np.ndarray) -> list[Detection]:
    """Detect faces with dlib, or with MTCNN if dlib finds none near the centre (7 of the 7,701 of LFW's pairs)."""
    found = hog.detect(image)
    if any(is_near_centre(face, image) for face in found):
        return found
    return mtcnn.detect(image) or found


DETECTORS: dict[str, Detector] = {
    "yunet": Detector(yunet.detect, (yunet.glance, yunet.closer_glance), clearly=0.1, largest_side=yunet.LARGEST_SIDE),
    "dlib": Detector(_dlib_first, (hog.glance, mtcnn.detect), clearly=0.4, largest_side=1000),
    "mtcnn": Detector(mtcnn.detect, (mtcnn.detect,), clearly=0.4, largest_side=1000),
}
"""Name of a detector, as in the setting ``data.detector`` -> detector.

For dlib and MTCNN ``clearly`` was chosen on 80 photographs of ORL and 150 people of LFW (A to M), where no rotated copy
was ever more confident than the upright one. For YuNet it means that 1 - score must be a fifth less: of 250
photographs of LFW and 200 of ORL no upright one is turned; of LFW's copies on a side all are, upside down all but 2."""


@dataclass(frozen=True, eq=False)
class FoundFace:
    """The face of a photograph, in pixels of the photograph when it is rotated upright.

    Attributes:
        search_landmarks: Function that searches for the 68 landmarks; see ``landmarks``.
        box: Left, top, right and bottom of the detector's box.
        five_points: Five points, see :class:`fdemd.faces.detection.Detection`.
        faces: Number of faces in the photograph.
        turns: Number of quarter turns anticlockwise that bring the photograph upright.
        weak: Whether the detector is not sure of it, see :class:`fdemd.faces.detection.Detection`.
    """

    search_landmarks: Callable[[], np.ndarray]
    box: tuple[float, float, float, float]
    five_points: np.ndarray | None
    faces: int
    turns: int = 0
    weak: bool = False

    @cached_property
    def landmarks(self) -> np.ndarray:
        """68 landmarks ``(68, 2)``, float64 x and y; found when they are first asked for, which takes a while."""
        return self.search_landmarks()


def check_detector(name: str) -> str:
    """Return ``name`` if it is the name of a detector.

    Raises:
        InputError: There is no such detector; the error lists those that there are.

    >>> check_detector("mtcnn")
    'mtcnn'
    """
    if name not in DETECTORS:
        raise unknown("detector", name, DETECTORS)
    return name


def find_face(image: np.ndarray, detector: str) -> FoundFace | None:
    """Find the most prominent face of a photograph: the largest one near the centre; None without any.

    Arguments and errors are those of :func:`find_faces`.
    """
    return next(iter(find_faces(image, detector)), None)


def find_faces(image: np.ndarray, detector: str) -> list[FoundFace]:
    """Find all faces of a photograph, the most prominent first.

    A photograph that lies on a side or upside down is rotated, see :mod:`fdemd.faces.orientation`.

    Args:
        image: Picture ``(H, W, 3)``, uint8 RGB.
        detector: A name in :data:`DETECTORS`.

    Raises:
        InputError: There is no such detector.
    """
    chosen = DETECTORS[check_detector(detector)]
    small, scale = reduced(image, chosen.largest_side)
    turns, found = find_upright(small, chosen)
    upright = rotate(image, turns)
    faces = by_prominence((enlarged(face, scale) for face in found), upright)

    def described(face: Detection) -> FoundFace:
        return FoundFace(
            lambda: find_landmarks(upright, face), face.box, face.five_points, len(faces), turns, face.weak
        )

    return [described(face) for face in faces]


def find_landmarks(image: np.ndarray, face: Detection) -> np.ndarray:
    """Return the landmarks ``(68, 2)``, float64 x and y in pixels, of a face detected in a picture ``(H, W, 3)``."""
    shape = _predictor()(image, _predictor_box(face))
    return np.array([(point.x, point.y) for point in shape.parts()], dtype=np.float64)


def _predictor_box(face: Detection) -> dlib.rectangle:
    """Return the square that the predictor was trained to start from, the one that dlib's own detector would draw.

    Boxes of other detectors have other proportions, and landmarks that start from them come out worse.
    """
    left, top, right, bottom = face.box
    if face.five_points is not None:
        centre = face.five_points.mean(0)
        half = _SIDE_OF_SPREAD * np.linalg.norm(face.five_points - centre) / 2
        (left, top), (right, bottom) = centre - half, centre + half
    return dlib.rectangle(round(left), round(top), round(right), round(bottom))


@cache
def _predictor() -> dlib.shape_predictor:
    return dlib.shape_predictor(str(installed_file(read_card("dlib_landmarks"))))
