"""YuNet (Wu, Peng and Yu, "YuNet: a tiny millisecond-level face detector", 2023): five points a face, run by OpenCV."""

from __future__ import annotations

import threading
from math import atan2, degrees, log
from typing import NamedTuple

import cv2
import numpy as np

from fdemd.checkpoints import installed_file, read_card
from fdemd.faces.detection import Detection, enlarged, is_near_centre, most_prominent

_LOOKS = (160, 320, 640, 1280, 2560)
"""Longer side, in pixels, of the copies in which a face is looked for. The first two are made of every picture,
enlarged if need be; a face that fills its picture shows best in the first."""
LARGEST_SIDE = _LOOKS[-1]
_SURE, _WEAKEST = 0.6, 0.3
"""Scores: from the first on a face is reported, from the second on if it fills a tight crop."""
_UPRIGHT = 0.91
"""Score from which a face is upright beyond doubt: 1 of 1,152 turned copies of photographs of LFW and ORL had more, and
95 % of the upright ones."""
_LEAST_HEIGHT = 40
"""Height of a face in the copy, in pixels, below which it counts only if it shows from near as well."""
_NEAR, _AROUND = 224, 1.15
"""Longer side, in pixels, of the copy in which a face is seen from near, and side of what is seen of the picture, over
the larger side of the face's box."""
_LEVEL, _MOST_TURNS = 4.0, 3
"""Degrees from which a face that is seen from near is turned upright and looked at again, and how often at most: the
network sees half to two thirds of a tilt, the less the smaller the face."""
_SAME, _ALIKE = 0.3, 0.5
"""Overlaps (intersection over union) from which two boxes are of one face, and from which they are averaged."""
_LARGEST_CROP, _NARROWEST, _WIDEST, _LEAST_COVER = 256, 0.6, 1.1, 1 / 3
"""A tight crop has a longer side of at most so many pixels and a width of so many heights; its face covers a third."""


class _Seen(NamedTuple):
    """A face as the network sees it: a :class:`~fdemd.faces.detection.Detection` and its score, 0 to 1."""

    face: Detection
    score: float


def detect(image: np.ndarray) -> list[Detection]:
    """Detect the faces of a picture of any size.

    It is looked at in a small copy, where large faces show, then in larger ones until a face shows near the centre, or
    from the third on anywhere. If none does and the picture has the size and the proportions of a tight crop, a weak
    detection that covers the middle third of it or more is taken.

    Args:
        image: Picture ``(H, W, 3)``, uint8 RGB.
    """
    found: list[Detection] = []
    longer, weak = max(image.shape[:2]), []
    for number, side in enumerate(_LOOKS):
        if number > 1 and (found or side >= 2 * longer):
            break
        seen = _look(image, side)
        found = _sure_faces(image, seen, side) or found
        if any(is_near_centre(face, image) for face in found):
            return found
        weak += seen
    return found or _weak_in_a_tight_crop(image, weak)


def glance(image: np.ndarray) -> list[Detection]:
    """Detect the sure faces of a picture that are large enough to show in the first copy."""
    return _sure_faces(image, _look(image, _LOOKS[0]), _LOOKS[0])


def closer_glance(image: np.ndarray) -> list[Detection]:
    """Detect the sure faces of a picture that are large enough to show in the second copy."""
    return _sure_faces(image, _look(image, _LOOKS[1]), _LOOKS[1])


def is_tight_crop(height: int, width: int) -> bool:
    """Return whether a picture of so many pixels has the size and the proportions of a face that was cut out.

    >>> is_tight_crop(112, 92), is_tight_crop(160, 160), is_tight_crop(90, 160), is_tight_crop(1200, 900)
    (True, True, False, False)
    """
    return max(height, width) <= _LARGEST_CROP and _NARROWEST <= width / height <= _WIDEST


def _weak_in_a_tight_crop(image: np.ndarray, seen: list[_Seen]) -> list[Detection]:
    height, width = image.shape[:2]
    least = _LEAST_COVER * height * width
    filling = [each for each in seen if is_near_centre(each.face, image) and _area(each.face) >= least]
    if not filling or not is_tight_crop(height, width):
        return []
    return [max(filling, key=lambda each: each.score).face._replace(weak=True)]


def _area(face: Detection) -> float:
    left, top, right, bottom = face.box
    return (right - left) * (bottom - top)


def _sure_faces(image: np.ndarray, seen: list[_Seen], side: int) -> list[Detection]:
    """Return the sure faces of a look; the most prominent, and no small one, as seen from near."""
    faces, scale = [each.face for each in seen if each.score >= _SURE], side / max(image.shape[:2])
    while face := most_prominent(faces, image):
        near, others = _from_near(image, face), [other for other in faces if other is not face]
        if near or (face.box[3] - face.box[1]) * scale >= _LEAST_HEIGHT:
            return [*others, near or face]
        faces = others
    return []


def _from_near(image: np.ndarray, face: Detection) -> Detection | None:
    """Return a face as it is seen from near, and upright; None if it is none."""
    left, top, right, bottom = face.box
    half = _AROUND * max(right - left, bottom - top) / 2
    across, down = (left + right) / 2, (top + bottom) / 2
    x, y = max(0, round(across - half)), max(0, round(down - half))
    part = image[y : max(y + 1, round(down + half)), x : max(x + 1, round(across + half))]
    if (near := _central_face(part)) is None:
        return None
    near = _seen_upright(part, near)
    left, top, right, bottom = near.box
    # Whether it is upright shows better from afar, with what is around it.
    return Detection((left + x, top + y, right + x, bottom + y), _points(near) + np.array([x, y]), face.confidence)


def _central_face(image: np.ndarray) -> Detection | None:
    sure = [each.face for each in _look(image, _NEAR) if each.score >= _SURE]
    return most_prominent((each for each in sure if is_near_centre(each, image)), image)


def _seen_upright(image: np.ndarray, face: Detection) -> Detection:
    """Return a tilted face with the points that show when it is turned upright, step by step."""
    height, width = image.shape[:2]
    seen, turned = 0.0, _tilt(_points(face))
    for _ in range(_MOST_TURNS):
        if abs(turned - seen) < _LEVEL:
            break
        there = cv2.getRotationMatrix2D((width / 2, height / 2), turned, 1)
        upright = cv2.warpAffine(image, there, (width, height), borderMode=cv2.BORDER_REPLICATE)
        if (found := _central_face(upright)) is None:
            break
        back = cv2.invertAffineTransform(there)
        face = face._replace(five_points=_points(found) @ back[:, :2].T + back[:, 2])
        seen, turned = turned, _tilt(_points(face))
    return face


def _points(face: Detection) -> np.ndarray:
    assert face.five_points is not None  # YuNet always has them
    return face.five_points


def _tilt(points: np.ndarray) -> float:
    """Return by how many degrees, anticlockwise, five points ``(5, 2)`` are to be turned until their eyes are level.

    >>> round(_tilt(np.array([(0, 0), (4, 4), (1, 3), (0, 5), (2, 6)])))
    45
    """
    across, down = points[1] - points[0]
    return degrees(atan2(down, across))


def _look(image: np.ndarray, side: int) -> list[_Seen]:
    """Return the faces, weak ones too, seen in a copy whose longer side is ``side``, in pixels of the picture."""
    height, width = image.shape[:2]
    scale = side / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    # Between half and full size, four pixels around each place miss hardly any; the area is slow by comparison.
    copy = cv2.resize(image, size, interpolation=cv2.INTER_AREA if scale < 0.5 else cv2.INTER_LINEAR)
    network = _network()
    network.setInputSize(size)
    rows = network.detect(cv2.cvtColor(copy, cv2.COLOR_RGB2BGR))[1]
    return [] if rows is None else [_seen(row, scale) for row in _averaged(rows.astype(np.float64))]


def _seen(row: np.ndarray, scale: float) -> _Seen:
    left, top, width, height = row[:4].tolist()
    score = float(row[14])
    confidence = log(1 - min(score, 0.999)) / log(1 - _UPRIGHT)
    # The points come as the eye on the left of the picture, the other, the nose and the corners of the mouth likewise.
    face = Detection((left, top, left + width, top + height), row[4:14].reshape(5, 2), confidence)
    return _Seen(enlarged(face, scale), score)


def _averaged(rows: np.ndarray) -> list[np.ndarray]:
    """Return a row a face: the mean, by score, of those that fit its best one, with the score of that one.

    The network sees a face from several places at once. Their mean (Bazarevsky et al., "BlazeFace", 2019) errs less
    than the best of them: of the distance between dlib's five points and these a tenth goes.

    Args:
        rows: Rows ``(N, 15)``: left, top, width, height, five points and score.
    """
    rows = rows[np.argsort(-rows[:, 14], kind="stable")]
    faces = []
    while len(rows):
        overlap = _overlaps(rows[0, :4], rows[:, :4])
        alike = rows[overlap >= _ALIKE]
        weights = alike[:, 14] / alike[:, 14].sum()
        faces.append(np.append(weights @ alike[:, :14], rows[0, 14]))
        rows = rows[overlap < _SAME]
    return faces


def _overlaps(box: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    low, high = np.maximum(box[:2], boxes[:, :2]), np.minimum(box[:2] + box[2:], boxes[:, :2] + boxes[:, 2:])
    shared = (high - low).clip(0).prod(1)
    return shared / (box[2:].prod() + boxes[:, 2:].prod(1) - shared)


_local = threading.local()
"""Holds the network of each thread: it keeps its input between two calls, so that no two threads can share one."""


def _network() -> cv2.FaceDetectorYN:
    if not hasattr(_local, "network"):
        path = installed_file(read_card("yunet"))
        level = cv2.utils.logging.getLogLevel()
        cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)  # it warns that targets cannot be chosen
        try:
            _local.network = cv2.FaceDetectorYN.create(str(path), "", (_LOOKS[0], _LOOKS[0]), _WEAKEST, 1.0, 5000)
        finally:
            cv2.utils.logging.setLogLevel(level)
    network: cv2.FaceDetectorYN = _local.network
    return network
