"""Covers below the eyes of people who wear something above them too: hair on the brows, or a cap."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from fdemd.faces.alignment import AlignedFace
from fdemd.visibility.conditions import condition_of

if TYPE_CHECKING:
    from fdemd.visibility.covers.draw import Covered, Draw

_SHARE = 0.5
"""Of the faces that wear something above the eyes."""
SETTINGS = {"share": _SHARE}
"""What decides how often, as plain values."""


def with_headwear(draw: Draw, headwear: Sequence[Draw]) -> Draw:
    """Return what draws one of some covers above the eyes on half of the faces, and then a cover of its own.

    Args:
        draw: Draws the cover below the eyes.
        headwear: Draw those above them.
    """

    def both(face: AlignedFace, rng: np.random.Generator) -> Covered:
        if rng.random() >= _SHARE:
            return draw(face, rng)
        above = headwear[int(rng.integers(len(headwear)))](face, rng)
        drawn = draw(above.face, rng)
        covered = above.covered | drawn.covered
        return drawn._replace(covered=covered, condition=condition_of(covered, face.landmarks))

    return both
