"""The truth of drawn covers, as an estimator is fitted on it and judged by it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from torch import Tensor

from fdemd.visibility.conditions import CONDITIONS
from fdemd.visibility.covers.draw import Covered


@dataclass(frozen=True)
class CoverTruth:
    """What happened to ``B`` faces.

    Attributes:
        condition: ``(B,)`` place in :data:`fdemd.visibility.conditions.CONDITIONS`.
        visible: ``(B, N)`` in [0, 1], share of each patch's pixels that show the face.
    """

    condition: Tensor
    visible: Tensor

    @classmethod
    def of(cls, covered: Iterable[Covered], grid: tuple[int, int]) -> CoverTruth:
        """Return the truth of some drawings.

        Args:
            covered: The drawings.
            grid: Rows and columns of patches.
        """
        conditions, visible = [], []
        for each in covered:
            conditions.append(CONDITIONS.index(each.condition))
            visible.append(visible_shares(each.covered, grid))
        return cls(torch.tensor(conditions, dtype=torch.long), torch.from_numpy(np.stack(visible)))

    @classmethod
    def joined(cls, parts: Sequence[CoverTruth]) -> CoverTruth:
        """Return the truth of several lists of faces, one after the other."""
        return cls(torch.cat([part.condition for part in parts]), torch.cat([part.visible for part in parts]))

    def __len__(self) -> int:
        return len(self.condition)

    def __getitem__(self, rows: Tensor) -> CoverTruth:
        return CoverTruth(self.condition[rows], self.visible[rows])


def visible_shares(covered: np.ndarray, grid: tuple[int, int]) -> np.ndarray:
    """Return the share of each patch's pixels that is not covered, ``(N,)`` float32, row by row.

    Args:
        covered: Booleans ``(H, W)``.
        grid: Rows and columns of patches.

    Example:
        >>> half = np.zeros((4, 4), dtype=bool)
        >>> half[:, :1] = True
        >>> visible_shares(half, (1, 2)).tolist()
        [0.5, 1.0]
    """
    free = (~covered).astype(np.float32)
    return cv2.resize(free, grid[::-1], interpolation=cv2.INTER_AREA).reshape(-1)
