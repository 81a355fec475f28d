"""Photographs that lie on a side or upside down without an EXIF flag: faces are searched in rotated copies too."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fdemd.faces.detection import Detection, Detector, is_near_centre, most_prominent


def rotate(image: np.ndarray, turns: int) -> np.ndarray:
    """Rotate a picture ``(H, W, 3)`` by a number of quarter turns anticlockwise.

    >>> rotate(np.array([[1, 2], [3, 4]]), 1).tolist()
    [[2, 4], [1, 3]]
    """
    return np.ascontiguousarray(np.rot90(image, turns)) if turns else image


def find_upright(image: np.ndarray, detector: Detector) -> tuple[int, Sequence[Detection]]:
    """Find the faces of a picture, in a rotated copy if its face is upright there.

    The picture is searched as it is. Rotated copies are searched only if its face is doubtful or none is found; one of
    them is taken if the detector is clearly more confident of a face near its centre.

    Args:
        image: Picture ``(H, W, 3)``, uint8 RGB.
        detector: The detector.

    Returns:
        The number of quarter turns anticlockwise to the copy that was taken, and its faces in pixels of that copy.
    """
    faces = detector.search(image)
    face = most_prominent(faces, image)
    confidence = face.confidence if face else 0.0
    if confidence >= 1:
        return 0, faces
    for glance in detector.glances[:1] if face else detector.glances:
        copies = [(turns, glance(rotate(image, turns))) for turns in (1, 2, 3)]
        surest, turns, found = max(
            ((_confidence(found, rotate(image, turns)), turns, found) for turns, found in copies),
            key=lambda copy: copy[0],
        )
        if surest > confidence + detector.clearly:
            return turns, found
    return 0, faces


def _confidence(faces: Sequence[Detection], image: np.ndarray) -> float:
    """Return the confidence of the most prominent face if it is near the centre; 0 otherwise."""
    face = most_prominent(faces, image)
    return face.confidence if face and is_near_centre(face, image) else 0.0
