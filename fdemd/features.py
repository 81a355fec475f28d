"""What a backbone says about a batch of faces."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d

from fdemd.errors import InputError
from fdemd.tensors.checks import check

_FACES_AT_ONCE = 256


@dataclass(frozen=True)
class Features:
    """Embeddings and patch grids of ``B`` faces.

    Attributes:
        embedding: ``(B, D)`` float, as the network gives it (not normalised).
        patches: ``(B, N, C)`` float, raw, the grid flattened row by row (index = row * columns + column).
        grid: ``(rows, columns)`` with ``rows * columns == N``.
        landmarks: ``(B, 68, 2)`` x and y as fractions of the face's width and height, or None.
            No network gives them; the weighting ``lmk`` needs them.
    """

    embedding: Tensor
    patches: Tensor
    grid: tuple[int, int]
    landmarks: Tensor | None = None

    def __post_init__(self) -> None:
        tensors = {"embedding": (self.embedding, "float ... D"), "patches": (self.patches, "float ... N C")}
        check(tensors if self.landmarks is None else tensors | {"landmarks": (self.landmarks, "float ... 68 2")})
        if self.patches.shape[-2] != self.grid[0] * self.grid[1]:
            raise ValueError(f"{self.patches.shape[-2]} patches do not fill a grid of {self.grid[0]}x{self.grid[1]}.")

    def __len__(self) -> int:
        return len(self.embedding)

    def __getitem__(self, rows: Tensor | slice) -> Features:
        """Features of some faces; ``rows`` may have any shape, which becomes the leading shape of the result."""
        landmarks = None if self.landmarks is None else self.landmarks[rows]
        return Features(self.embedding[rows], self.patches[rows], self.grid, landmarks)

    def to(self, where: torch.device | torch.dtype | str) -> Features:
        """The same features on another device or in another precision."""
        landmarks = None if self.landmarks is None else self.landmarks.to(where)
        return Features(self.embedding.to(where), self.patches.to(where), self.grid, landmarks)

    @property
    def centre(self) -> Tensor:
        """Mean of the raw patches, ``(B, C)``: the global average vector of the paper's APC weighting."""
        return self.patches.mean(-2)

    def pooled(self, grid: tuple[int, int]) -> Features:
        """The same faces on a coarser grid, each cell the mean of the cells it covers (paper Table 1, 8x8 -> 4x4).

        Raises:
            InputError: if the wanted grid is finer than the network's own.
            ValueError: a side of it is below 1, or the features are not of a list of faces.
        """
        if grid == self.grid:
            return self
        if min(grid) < 1:
            raise ValueError(f"A grid of {grid[0]}x{grid[1]} has no patches.")
        check({"patches": (self.patches, "float B N C")})
        if grid[0] > self.grid[0] or grid[1] > self.grid[1]:
            raise InputError(
                f"The network gives a grid of {self.grid[0]}x{self.grid[1]} patches; "
                f"a grid of {grid[0]}x{grid[1]} would need patches that it does not have."
            )
        pooled = [
            adaptive_avg_pool2d(some.transpose(1, 2).unflatten(2, self.grid), grid).flatten(2).mT
            for some in self.patches.split(_FACES_AT_ONCE)  # they may be mapped, and more than there is memory for
        ]
        return Features(self.embedding, torch.cat(pooled), grid, self.landmarks)
