"""Random styles of masks: repeated by their generator, and each of a kind that was asked for."""

import numpy as np
import pytest

from fdemd.faces.occlusion.fabric import PATTERNS
from fdemd.faces.occlusion.mask_kinds import MASK_KINDS
from fdemd.faces.occlusion.mask_style import MaskStyle, sample_mask_style


def styles(*kinds: str, count: int = 200) -> list[MaskStyle]:
    rng = np.random.default_rng(0)
    return [sample_mask_style(rng, kinds) for _ in range(count)]


def test_a_generator_repeats_its_styles() -> None:
    assert styles(*MASK_KINDS, count=20) == styles(*MASK_KINDS, count=20)


@pytest.mark.parametrize("kind", MASK_KINDS)
def test_values_are_in_range(kind: str) -> None:
    for style in styles(kind):
        assert style.kind == kind
        assert all(0 <= value <= 255 for value in (*style.colour, *style.print_colour, *style.strap_colour))
        assert style.pattern in PATTERNS
        assert 0 <= style.height <= 1 and style.drop > 0 and style.pleats >= 2


def test_only_cloth_is_printed_and_only_cups_have_valves() -> None:
    drawn = styles(*MASK_KINDS)
    assert {style.kind for style in drawn if style.pattern != "plain"} == {"cloth"}
    assert {style.kind for style in drawn if style.valve} == {"n95"}
