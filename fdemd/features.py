"""What a network knows about a batch of faces: embeddings, and a grid of patches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d

from fdemd.errors import InputError
from fdemd.tensors.arrays import Array, as_tensor, check_arrays
from fdemd.tensors.checks import check

_FACES_AT_ONCE = 256


@dataclass(frozen=True, init=False, eq=False, repr=False)
class Features:
    """Embeddings and patch grids of ``B`` faces, as tensors.

    ``==`` says whether two are the same object; ``torch.equal`` compares their tensors.

    Attributes:
        embedding: ``(B, D)`` floating point, as the network gives it (not normalised).
        patches: ``(B, N, C)`` floating point, raw, the grid flattened row by row (index = row * columns + column).
            Without patches ``N`` and ``C`` are 0. Compact ones (:mod:`fdemd.emd.compact`) are directions in int8.
        grid: ``(rows, columns)`` with ``rows * columns == N``.
        landmarks: ``(B, 68, 2)`` x and y as fractions of the face's width and height, or None.
            No network gives them; only the weighting ``lmk`` needs them.
        scale: ``(B, N, 2)`` floating point, of compact patches: what int8 is multiplied by to give the direction, and
            the length of the patch, in a unit of the face's own. None if patches are of floating point.
        visible: ``(B, N)`` in [0, 1], how much of each patch shows the face and no cover, or None. No network gives
            it; only ``rerank.visible`` needs it (:mod:`fdemd.emd.visible`).

    Examples:
        Of a network of one's own, from NumPy arrays or tensors:

        >>> import numpy as np
        >>> rng = np.random.default_rng(0)
        >>> features = Features(rng.normal(size=(10, 128)), rng.normal(size=(10, 8, 8, 32)))
        >>> len(features), features.grid, features.patches.shape
        (10, (8, 8), torch.Size([10, 64, 32]))
    """

    embedding: Tensor
    patches: Tensor
    grid: tuple[int, int]
    landmarks: Tensor | None
    scale: Tensor | None
    visible: Tensor | None

    def __init__(
        self,
        embedding: Array,
        patches: Array | None = None,
        grid: tuple[int, int] | None = None,
        landmarks: Array | None = None,
        scale: Array | None = None,
        visible: Array | None = None,
    ) -> None:
        """Put together what a network gave.

        Args:
            embedding: Array ``(B, D)`` of floating point numbers.
            patches: Array ``(B, rows, columns, C)`` or, flattened, ``(B, N, C)``; None for embeddings alone, which are
                enough for the first stage and for re-rankers that compare no patches.
            grid: ``(rows, columns)`` of flattened patches; without it they count as a grid of one row, which matters
                to coarser grids, the weighting ``lmk`` and pictures alone.
            landmarks: Array ``(B, 68, 2)``, see the attribute.
            scale: Array ``(B, N, 2)``, see the attribute; patches of int8 need it, and no others have it.
            visible: Array ``(B, N)``, see the attribute.

        Raises:
            InputError: Arrays of other shapes or types, or patches that do not fill the grid.
        """
        vectors = as_tensor(embedding, "embedding")
        cells = vectors.new_zeros(*vectors.shape[:-1], 0, 0) if patches is None else as_tensor(patches, "patches")
        is_map = grid is None and cells.dim() == vectors.dim() + 2 and scale is None
        kind = "float" if scale is None else "int8"
        arrays: dict[str, tuple[object, str]] = {
            "embedding": (vectors, "float ... D"),
            "patches": (cells, f"{kind} ... rows columns C" if is_map else f"{kind} ... N C"),
        }
        if landmarks is not None:
            arrays["landmarks"] = (landmarks, "float ... 68 2")
        if scale is not None:
            arrays["scale"] = (scale, "float ... N 2")
        if visible is not None:
            arrays["visible"] = (visible, "float ... N")
        found = dict(zip(arrays, check_arrays(arrays), strict=True))
        vectors, cells = found["embedding"], found["patches"]
        if is_map:
            grid, cells = (cells.shape[-3], cells.shape[-2]), cells.flatten(-3, -2)
        rows, columns = (1, cells.shape[-2]) if grid is None else grid
        if cells.shape[-2] != rows * columns:
            raise InputError(f"{cells.shape[-2]} patches do not fill a grid of {rows}x{columns}.")
        if visible is not None and found["visible"].shape[-1] != cells.shape[-2]:
            raise InputError(f"visible is of {found['visible'].shape[-1]} patches, and there are {cells.shape[-2]}.")
        values = {
            "embedding": vectors,
            "patches": cells,
            "grid": (rows, columns),
            "landmarks": found.get("landmarks"),
            "scale": found.get("scale"),
            "visible": found.get("visible"),
        }
        for name, value in values.items():
            object.__setattr__(self, name, value)  # as a frozen dataclass sets its own

    def __len__(self) -> int:
        return len(self.embedding)

    def __repr__(self) -> str:
        """Return the shapes; the numbers would fill screens."""
        points = "" if self.landmarks is None else f", landmarks={tuple(self.landmarks.shape)}"
        shapes = f"embedding={tuple(self.embedding.shape)}, patches={tuple(self.patches.shape)}, grid={self.grid}"
        return f"Features({shapes}{points})"

    def __getitem__(self, rows: Tensor | slice | int | np.integer) -> Features:
        """Return the features of some faces, or of one.

        Args:
            rows: Rows of the faces, of any shape, which becomes the leading shape of the result; a single number gives
                one face, ``(1, D)``, so that ``one, other = features`` takes two faces apart.

        Raises:
            IndexError: There is no face of this number.
        """
        if isinstance(rows, int | np.integer):
            rows = int(rows)
            if not -len(self) <= rows < len(self):
                raise IndexError(f"There are {len(self)} faces, and none of number {rows}.")
            rows = slice(rows % len(self), rows % len(self) + 1)
        landmarks = None if self.landmarks is None else self.landmarks[rows]
        scale = None if self.scale is None else self.scale[rows]
        visible = None if self.visible is None else self.visible[rows]
        return Features(self.embedding[rows], self.patches[rows], self.grid, landmarks, scale, visible)

    def to(self, where: torch.device | torch.dtype | str) -> Features:
        """Return the same features on another device or in another precision; patches of int8 stay what they are."""
        landmarks = None if self.landmarks is None else self.landmarks.to(where)
        visible = None if self.visible is None else self.visible.to(where)
        embedding = self.embedding.to(where)
        if self.scale is None:
            return Features(embedding, self.patches.to(where), self.grid, landmarks, None, visible)
        scale = self.scale.to(where)
        return Features(embedding, self.patches.to(scale.device), self.grid, landmarks, scale, visible)

    def seen(self, visible: Tensor) -> Features:
        """Return the same faces, of which it is known how much of each patch can be seen.

        Args:
            visible: ``(B, N)``, see the attribute.
        """
        return Features(self.embedding, self.patches, self.grid, self.landmarks, self.scale, visible)

    @property
    def raw_patches(self) -> Tensor:
        """Patches ``(B, N, C)`` in floating point, compact ones in float32 and in a unit of the face's own."""
        if self.scale is None:
            return self.patches
        return self.patches.float() * self.scale.float().prod(-1, keepdim=True)

    @property
    def centre(self) -> Tensor:
        """Mean of the raw patches, ``(B, C)``: the global average vector of the paper's APC weighting."""
        return self.raw_patches.mean(-2)

    def pooled(self, grid: tuple[int, int]) -> Features:
        """Return the same faces on a coarser grid, each cell the mean of those it covers (DeepFace-EMD, Table 1).

        Args:
            grid: Rows and columns, no more than there are.

        Raises:
            InputError: There are no patches, or the wanted grid is finer than the network's own.
            ValueError: A side of it is below 1, or the features are not of a list of faces.
        """
        if grid == self.grid:
            return self
        check_patches(self, "the features")
        if min(grid) < 1:
            raise ValueError(f"A grid of {grid[0]}x{grid[1]} has no patches.")
        check({"patches": (self.patches, "stored B N C")})
        if grid[0] > self.grid[0] or grid[1] > self.grid[1]:
            raise InputError(
                f"The network gives a grid of {self.grid[0]}x{self.grid[1]} patches; "
                f"a grid of {grid[0]}x{grid[1]} would need patches that it does not have."
            )
        pooled = [
            adaptive_avg_pool2d(
                self[first : first + _FACES_AT_ONCE].raw_patches.transpose(1, 2).unflatten(2, self.grid), grid
            )
            .flatten(2)
            .mT
            for first in range(0, max(1, len(self)), _FACES_AT_ONCE)  # they may be mapped, more than memory holds
        ]
        visible = self.visible
        if visible is not None:
            visible = adaptive_avg_pool2d(visible.unflatten(1, self.grid)[:, None], grid).flatten(1)
        return Features(self.embedding, torch.cat(pooled), grid, self.landmarks, visible=visible)


def as_features(faces: Features | Array, name: str) -> Features:
    """Return features as they are, and an array of embeddings ``(B, D)`` as features without patches.

    Args:
        faces: Features or embeddings.
        name: Name of the argument, for the error.

    Raises:
        InputError: It is neither.
    """
    if isinstance(faces, Features):
        return faces
    (embedding,) = check_arrays({name: (faces, "float B D")})
    return Features(embedding)


def join_features(parts: Sequence[Features]) -> Features:
    """Return the features of several lists of faces of one network, one after the other.

    Landmarks, and what is visible, are kept if all parts have them.

    Args:
        parts: At least one; patches of all are in the same precision.

    Examples:
        >>> len(join_features([Features([[1.0, 0.0]]), Features([[0.0, 1.0], [1.0, 1.0]])]))
        3
    """

    def joined(name: str) -> Tensor | None:
        tensors = [getattr(part, name) for part in parts]
        return None if any(each is None for each in tensors) else torch.cat(tensors)

    embedding, patches, landmarks, scale, visible = map(
        joined, ("embedding", "patches", "landmarks", "scale", "visible")
    )
    assert embedding is not None
    return Features(embedding, patches, parts[0].grid, landmarks, scale, visible)


def check_patches(faces: Features, name: str) -> None:
    """Check that features have patches.

    Args:
        faces: The features.
        name: Name of the argument, for the error.

    Raises:
        InputError: They have none.
    """
    if not faces.patches.shape[-2]:
        raise InputError(f"There are no patches in {name} to be compared; give fdemd.Features(embedding, patches).")
