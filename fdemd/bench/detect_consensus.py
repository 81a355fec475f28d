"""Where the eyes of a photograph are, as detectors agree: what each of them is judged by.

No photograph comes with the places of its eyes, so that detectors are measured by each other: the *consensus* of a
photograph is the median, in each coordinate, of the eyes that they find in it as it was taken. A face is *wrong* if its
eyes are further from the consensus, on average, than half the distance between the consensus eyes: on another person's
face, on none, or upside down. Of three detectors one that errs alone is told; where two err in the same way, the third
is counted as wrong. Copies that are occluded or turned are compared with the consensus of their photographs.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fdemd.bench.detect_pictures import Pictures

_WRONG = 0.5
"""Mean distance from the consensus eyes, in distances between them, from which a face is wrong."""


def turned_back(points: np.ndarray, turns: int, height: int, width: int) -> np.ndarray:
    """Return points of a picture that was rotated by quarter turns anticlockwise in pixels of the picture itself.

    Args:
        points: ``(N, 2)`` in pixels of the rotated picture.
        turns: Number of quarter turns.
        height: Of the picture itself.
        width: Likewise.

    Example:
        >>> turned_back(np.array([[1.0, 0.0]]), 1, 20, 30).tolist()  # of a picture of 20x30 pixels, which is 30x20 now
        [[29.0, 1.0]]
    """
    sizes = [(height, width), (width, height)]
    for turn in reversed(range(turns)):
        before = sizes[turn % 2]
        points = np.stack([before[1] - 1 - points[:, 1], points[:, 0]], 1)
    return points


def consensus_of(eyes: Sequence[list[np.ndarray | None]], pictures: Pictures) -> list[np.ndarray | None]:
    """Return the consensus eyes ``(2, 2)`` of each picture of a set; None where no detector finds a face.

    Args:
        eyes: What each detector finds in the photographs as they were taken.
        pictures: The set.
    """
    found = [[one for one in ones if one is not None] for ones in zip(*eyes, strict=True)]
    middles = [np.median(ones, axis=0) if ones else None for ones in found]
    if not pictures.degrees:
        return middles
    moves = (move for _, move in pictures)
    return [
        None if middle is None else middle @ move[:, :2].T + move[:, 2]
        for middle, move in zip(middles, moves, strict=True)
    ]


def is_wrong(eyes: np.ndarray, consensus: np.ndarray) -> bool:
    """Return whether eyes ``(2, 2)``, left one first, lie elsewhere than those of the consensus.

    >>> is_wrong(np.array([[10, 10], [20, 10]]), np.array([[11, 10], [21, 11]]))
    False
    >>> is_wrong(np.array([[20, 10], [10, 10]]), np.array([[11, 10], [21, 11]]))
    True
    """
    distance = np.linalg.norm(consensus[1] - consensus[0])
    return bool(np.linalg.norm(eyes - consensus, axis=1).mean() > _WRONG * distance)
