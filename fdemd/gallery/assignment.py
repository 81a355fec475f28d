"""Who is who on one photograph: each person at most once."""

from __future__ import annotations

import numpy as np
from scipy.optimize import linear_sum_assignment


def assign(scores: np.ndarray, thresholds: np.ndarray) -> list[int | None]:
    """Give each face a person or nobody, no person twice, so that the scores above the thresholds add up to the most.

    Args:
        scores: ``(faces, people)``; minus infinity where a person is no candidate of a face.
        thresholds: ``(faces,)`` score from which on a face may be given to a person.

    Returns:
        For each face the column of its person, or None.

    Examples:
        >>> assign(np.array([[0.9, 0.5], [0.8, 0.7], [0.1, 0.2]]), np.full(3, 0.4))
        [0, 1, None]
    """
    faces, people = scores.shape
    gain = np.maximum(scores - thresholds[:, None], 0)
    # A column of nothing for each face: nobody at all may be as good. Reaching the threshold exactly counts a little.
    gain = np.where(scores >= thresholds[:, None], gain + 1e-9, 0)
    rows, columns = linear_sum_assignment(np.hstack([gain, np.zeros((faces, faces))]), maximize=True)
    chosen: list[int | None] = [None] * faces
    for row, column in zip(rows, columns, strict=True):
        if column < people and gain[row, column] > 0:
            chosen[row] = int(column)
    return chosen
