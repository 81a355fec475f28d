"""One side of the transport problems, queries or gallery, as the engines read it."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from fdemd.emd.weighting import WEIGHTINGS, Terms
from fdemd.features import Features

_NUMBERS_AT_ONCE = 2**22
"""Patches are brought to float32 in chunks of 16 MiB, so that memory stays flat for any number of faces."""
_SHORTEST = 1e-12
"""Patches shorter than this count as this long, so that a patch of zeros has cosine 0 with every other."""


@dataclass(frozen=True)
class Side:
    """``B`` faces; beyond the features only a few numbers a patch are kept.

    Attributes:
        patches: ``(B, N, C)`` raw, in the precision that they are stored in.
        inverse_norm: ``(B, N)`` float32, ``1 / |patch|``.
        terms: this side's part of the weights, float32.
    """

    patches: Tensor
    inverse_norm: Tensor
    terms: Terms

    def __len__(self) -> int:
        return len(self.patches)

    def unit(self, rows: Tensor | slice) -> Tensor:
        """Patches of length 1, float32, of some faces; the shape of ``rows`` leads that of the result."""
        return self.patches[rows].float() * self.inverse_norm[rows][..., None]


def side_of(features: Features, weighting: str) -> Side:
    """Prepare the faces of one side for a weighting, a name in :data:`fdemd.emd.weighting.WEIGHTINGS`.

    Raises:
        InputError: the features lack what the weighting needs.
    """
    rows = max(1, _NUMBERS_AT_ONCE // max(1, features.patches[:1].numel()))
    norms, terms = [], []
    for first in range(0, max(1, len(features)), rows):
        some = features[first : first + rows].to(torch.float32)
        norms.append(some.patches.norm(dim=-1).clamp_min(_SHORTEST).reciprocal())
        terms.append(WEIGHTINGS[weighting](some))
    parts = ([getattr(part, name) for part in terms] for name in ("offset", "scale", "context"))
    return Side(features.patches, torch.cat(norms), Terms(*map(torch.cat, parts)))
