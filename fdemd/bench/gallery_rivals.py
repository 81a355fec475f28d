"""The same questions put to other packages, as far as they are installed with their weights."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from io import BytesIO
from typing import Any

import numpy as np

from fdemd.faces.reading import read_image

Times = Sequence[float]
"""Seconds of each photograph."""


def numpy_search(embeddings: np.ndarray, queries: np.ndarray, first: int = 20) -> Times:
    """Time a search as InsightFace's examples have it: a product with the matrix of all faces, and its largest.

    Args:
        embeddings: Unit embeddings ``(G, D)`` float32.
        queries: Unit embeddings ``(Q, D)`` float32.
        first: Faces to find.
    """
    kept = min(first, len(embeddings) - 1)

    def search(query: np.ndarray) -> Any:
        cosines = embeddings @ query
        best = np.argpartition(-cosines, kept)[: kept + 1]
        return best[np.argsort(-cosines[best])]

    return _timed(search, list(queries))


def face_recognition(contents: Sequence[bytes], faces: int, seed: int = 0) -> Times | str:
    """Time face_recognition from the bytes of a photograph to the nearest of so many faces.

    Args:
        contents: Photographs.
        faces: Faces in the gallery; their encodings are random, which makes no difference to the time.
        seed: Of the encodings.

    Returns:
        The times, or why there are none.
    """
    if find_spec("face_recognition") is None or find_spec("face_recognition_models") is None:
        return "face_recognition was left out: pip install face_recognition"
    import face_recognition as package

    known = np.random.default_rng(seed).normal(size=(faces, 128))

    def identify(content: bytes) -> Any:
        found = package.face_encodings(read_image(BytesIO(content)))
        return [int(package.face_distance(known, each).argmin()) for each in found]

    return _timed(identify, contents)


DEEPFACE = "deepface was left out: it fetches its weights from the network when it is first used"


def _timed(work: Callable[[Any], Any], inputs: Sequence[Any]) -> Times:
    work(inputs[0])  # loads what is loaded once
    seconds = []
    for each in inputs:
        started = time.perf_counter()
        work(each)
        seconds.append(time.perf_counter() - started)
    return seconds
