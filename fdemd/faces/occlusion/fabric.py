"""Prints on cloth: coverage of the second colour as a function of the sheet coordinates."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from fdemd.faces.occlusion.canvas import Field


def _soft(distance: Field, pixels: float) -> Field:
    """Coverage 0..1 of a shape given the signed distance from its edge; `pixels` is one unit's length in pixels."""
    return np.clip(distance * np.float32(pixels) + np.float32(0.5), 0, 1)


def _band(position: Field) -> Field:
    """Signed distance (in periods) into the dark half of a stripe pattern of period 1."""
    return 0.25 - np.abs(position - np.floor(position) - 0.5)


def _plain(u: Field, v: Field, pixels: float) -> Field:
    return np.zeros_like(u)


def _stripes(u: Field, v: Field, pixels: float) -> Field:
    return _soft(_band(v), pixels)


def _upright(u: Field, v: Field, pixels: float) -> Field:
    return _soft(_band(u), pixels)


def _checks(u: Field, v: Field, pixels: float) -> Field:
    """Gingham: crossing translucent bands."""
    return np.float32(0.5) * (_soft(_band(u), pixels) + _soft(_band(v), pixels))


def _dots(u: Field, v: Field, pixels: float) -> Field:
    """Dots in staggered rows."""
    row = np.floor(v)
    x = u + 0.5 * (row % 2)
    x = x - np.floor(x) - 0.5
    return _soft(0.27 - np.hypot(x, v - row - 0.5), pixels)


_PATTERNS: dict[str, Callable[[Field, Field, float], Field]] = {
    "plain": _plain,
    "stripes": _stripes,
    "upright stripes": _upright,
    "checks": _checks,
    "dots": _dots,
}
PATTERNS = tuple(_PATTERNS)


def print_coverage(pattern: str, u: Field, v: Field, repeats: float, scale: float) -> Field:
    """(h, w) coverage 0..1 of the printed colour.

    Args:
        pattern: One of `PATTERNS`.
        u: (h, w) sheet coordinate across, -1..1.
        v: (h, w) sheet coordinate down, 0..1.
        repeats: How often the pattern repeats down the mask.
        scale: Face scale in pixels, about the height of a mask.
    """
    # A mask is about 1.3 times as wide as high, and u spans 2 units.
    across = np.float32(repeats * 0.65) * u
    return _PATTERNS[pattern](across, np.float32(repeats) * v, scale / repeats)
