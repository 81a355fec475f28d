"""One side of the transport problems, queries or gallery, prepared for the engines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from fdemd.emd.weighting import WEIGHTINGS, Terms
from fdemd.features import Features
from fdemd.tensors.checks import check
from fdemd.tensors.directions import SHORTEST, finite, in_range, ordinary

_NUMBERS_AT_ONCE = 2**22
"""Numbers that are converted to float32 at a time (16 MiB), so that memory stays flat for any number of faces."""


@dataclass(frozen=True)
class Side:
    """``B`` faces of one side; beyond the features only a few numbers a patch are kept.

    Attributes:
        patches: Raw patches ``(B, N, C)`` in the precision that they are stored in; those too long or too short to be
            multiplied in float32 are scaled to a length of about 1.
        inverse_norm: ``1 / |patch|``, ``(B, N)`` float32; of compact patches what makes a direction of int8, whose
            length is 1 or, where channels were left out, less.
        terms: Terms of the weights of this side, float32.

    Raises:
        ValueError: Shapes do not belong together, or there are no patches or channels.
    """

    patches: Tensor
    inverse_norm: Tensor
    terms: Terms

    def __post_init__(self) -> None:
        check(
            {
                "patches": (self.patches, "stored B N C"),
                "inverse_norm": (self.inverse_norm, "float32 B N"),
                "offset": (self.terms.offset, "float32 B N"),
                "scale": (self.terms.scale, "float32 B N"),
                "context": (self.terms.context, "float32 B C"),
            }
        )
        _check_sizes(self.patches)

    def __len__(self) -> int:
        return len(self.patches)

    def unit(self, rows: Tensor | slice) -> Tensor:
        """Return the directions of some faces' patches, float32; the shape of ``rows`` leads that of the result."""
        return self.patches[rows].float() * self.inverse_norm[rows][..., None]


def side_of(features: Features, weighting: str) -> Side:
    """Prepare the faces of one side for a weighting.

    Args:
        features: Features of ``B`` faces.
        weighting: A name in :data:`fdemd.emd.weighting.WEIGHTINGS`.

    Raises:
        InputError: The features lack what the weighting needs, or hold numbers that are not finite.
        ValueError: The features are not of a batch of faces, or have no patches or channels.
    """
    check({"patches": (features.patches, "stored B N C")})
    _check_sizes(features.patches)
    rows = max(1, _NUMBERS_AT_ONCE // max(1, features.patches[:1].numel()))
    chunks = [_prepared(features[first : first + rows], weighting) for first in range(0, max(1, len(features)), rows)]
    patches = features.patches
    if any(chunk.changed for chunk in chunks):
        patches = torch.cat([chunk.patches for chunk in chunks])
    parts = ([getattr(chunk.terms, name) for chunk in chunks] for name in ("offset", "scale", "context"))
    return Side(patches, torch.cat([chunk.inverse_norm for chunk in chunks]), Terms(*map(torch.cat, parts)))


class _Prepared(NamedTuple):
    """The fields of :class:`Side` for some faces, and whether their patches had to be scaled."""

    patches: Tensor
    inverse_norm: Tensor
    terms: Terms
    changed: bool


def _prepared(some: Features, weighting: str) -> _Prepared:
    if some.scale is not None:
        whole = Features(some.embedding, some.raw_patches, some.grid, some.landmarks)
        return _Prepared(some.patches, some.scale[..., 0].float(), WEIGHTINGS[weighting](whole), changed=False)
    patches, numbers = some.patches, some.patches.float()
    length = numbers.norm(dim=-1)
    changed = _cannot_be_squared(patches, length)
    if changed:
        # float64 holds the square of every float32, and those of a float64 that is not too far from the others.
        numbers = in_range(finite(patches, "the patches").double().flatten(1)).view(patches.shape)
        patches = in_range(patches)
        length = patches.float().norm(dim=-1)
    landmarks = None if some.landmarks is None else some.landmarks.float()
    terms = WEIGHTINGS[weighting](Features(some.embedding, numbers, some.grid, landmarks))
    return _Prepared(patches, length.clamp_min(SHORTEST).reciprocal(), terms, changed)


def _cannot_be_squared(patches: Tensor, length: Tensor) -> bool:
    """Return whether float32 cannot hold the length, or the products, of a patch that is not zero."""
    regular = ordinary(length)
    return not bool(regular.all()) and bool(patches[~regular].any())


def _check_sizes(patches: Tensor) -> None:
    if not patches.shape[1] or not patches.shape[2]:
        raise ValueError(f"Faces of {patches.shape[1]} patches of {patches.shape[2]} numbers cannot be compared.")
