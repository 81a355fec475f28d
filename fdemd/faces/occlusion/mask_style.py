"""How a face mask looks: its values, and drawing plausible ones at random."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fdemd.faces.occlusion.canvas import RGB
from fdemd.faces.occlusion.fabric import PATTERNS

_COLOURS: dict[str, tuple[RGB, ...]] = {
    "surgical": ((150, 196, 222), (166, 210, 200), (238, 240, 240), (238, 190, 204), (44, 45, 50)),
    "cloth": (
        (38, 40, 46), (92, 96, 104), (42, 58, 98), (140, 44, 50), (226, 220, 208), (92, 128, 104), (186, 150, 116),
        (120, 92, 138), (206, 120, 120), (236, 236, 232),
    ),
    "n95": ((240, 240, 236), (232, 229, 218), (224, 226, 226)),
    "kn95": ((240, 241, 240), (236, 236, 232), (62, 63, 67), (150, 153, 158)),
}  # fmt: skip
_ELASTIC: tuple[RGB, ...] = ((236, 236, 232), (228, 204, 120))


# Dark masks, by the sum of red, green and blue, come with straps of their own colour.
_DARK = 300


@dataclass(frozen=True)
class MaskStyle:
    """Everything about a mask that is not the face.

    Attributes:
        kind: A key of `MASK_KINDS`.
        colour: RGB of the cloth, 0..255.
        print_colour: RGB of the print.
        pattern: One of `PATTERNS`.
        repeats: How often the print repeats down the mask.
        height: Wear height, 0 (low on the nose) .. 1 (high).
        drop: Reach below the chin, in face scales.
        pleats: Number of pleats of a surgical mask.
        strap_colour: RGB of the straps.
        valve: Whether a cup carries an exhalation valve.
        grain_seed: Seed of the fabric's grain.
    """

    kind: str = "surgical"
    colour: RGB = (150, 196, 222)
    print_colour: RGB = (236, 236, 232)
    pattern: str = "plain"
    repeats: float = 8.0
    height: float = 0.5
    drop: float = 0.06
    pleats: int = 3
    strap_colour: RGB = (236, 236, 232)
    valve: bool = False
    grain_seed: int = 0


def sample_mask_style(rng: np.random.Generator, kinds: Sequence[str]) -> MaskStyle:
    """Draw a random style of one of `kinds` (keys of `MASK_KINDS`) from the generator."""
    kind = str(rng.choice(list(kinds)))
    colours = _COLOURS[kind]
    colour = colours[rng.integers(len(colours))]
    # Dyes vary in brightness more than in hue.
    red, green, blue = np.clip(np.array(colour) + rng.normal(0, 6) + rng.normal(0, 2, size=3), 15, 248).astype(int)
    varied = (int(red), int(green), int(blue))
    strap = _ELASTIC[rng.integers(len(_ELASTIC))] if kind == "n95" else _ELASTIC[0]
    if kind != "n95" and sum(varied) < _DARK:
        strap = varied
    return MaskStyle(
        kind=kind,
        colour=varied,
        print_colour=_COLOURS["cloth"][rng.integers(len(_COLOURS["cloth"]))],
        pattern=str(rng.choice(PATTERNS)) if kind == "cloth" and rng.random() < 0.65 else "plain",
        repeats=float(rng.uniform(5, 12)),
        height=float(rng.uniform(0, 1)),
        drop=float(rng.uniform(0.03, 0.1)),
        pleats=int(rng.integers(2, 5)),
        strap_colour=strap,
        valve=kind == "n95" and bool(rng.random() < 0.35),
        grain_seed=int(rng.integers(2**31)),
    )
