"""Prints: a share of the cloth, soft at their edges, and repeated as often as asked for."""

import numpy as np
import pytest

from fdemd.faces.occlusion.fabric import PATTERNS, print_coverage

U, V = np.meshgrid(np.linspace(-1, 1, 400, dtype=np.float32), np.linspace(0, 1, 300, dtype=np.float32))
SHARES = {"plain": 0, "stripes": 0.5, "upright stripes": 0.5, "checks": 0.5, "dots": np.pi * 0.27**2}


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_print_covers_its_share(pattern: str) -> None:
    coverage = print_coverage(pattern, U, V, repeats=8, scale=1000)
    assert coverage.min() >= 0 and coverage.max() <= 1
    assert coverage.mean() == pytest.approx(SHARES[pattern], abs=0.03)


def test_stripes_repeat_down_the_mask() -> None:
    coverage = print_coverage("stripes", U, V, repeats=6, scale=1000)[:, 0] > 0.5
    assert np.diff(coverage.astype(int)).clip(0).sum() == 6


def test_the_edge_of_a_print_is_a_pixel_wide() -> None:
    soft, sharp = (print_coverage("stripes", U, V, repeats=6, scale=scale) for scale in (40, 4000))
    assert (soft % 1 > 0).mean() > 10 * (sharp % 1 > 0).mean()
