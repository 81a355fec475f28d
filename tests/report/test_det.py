"""The DET curve as a picture: both files, something on each panel, rates of 0 included."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from fdemd.report.det import save_det
from fdemd.scoring.closed_set import STAGE_1, STAGE_2
from fdemd.scoring.open_set import OpenSet, Searches, measure_open_set


def searches(mean: float, stages: tuple[str, ...]) -> Searches:
    scores, rows = {stage: torch.randn(50).double() + mean for stage in stages}, torch.arange(50)
    return Searches(scores, rows, 0, 0, 0, rows, {}, {})


@pytest.mark.parametrize("stages", [(STAGE_1,), (STAGE_1, STAGE_2)])
def test_both_files_are_drawn_with_and_without_stage_2(tmp_path: Path, stages: tuple[str, ...]) -> None:
    def drawn(kind: str, mean: float) -> OpenSet:
        thresholds = {stage: [1.0, None, None] for stage in stages}
        return measure_open_set(kind, "official", searches(mean, stages), searches(0, stages), 0, thresholds, seed=0)

    panels = {"leave-twin-out": [drawn("clean", 99), drawn("mask", 1)], "official": [drawn("mask", 2)]}
    files = save_det(tmp_path / "det", panels, "a title")
    assert [file.name for file in files] == ["det.png", "det.svg"]
    with Image.open(files[0]) as picture:
        pixels = np.asarray(picture.convert("RGB")).astype(int)
    assert picture.width > 2 * picture.height
    coloured = np.ptp(pixels, axis=2) > 60
    left, right = coloured[:, : picture.width * 2 // 5], coloured[:, picture.width * 2 // 5 : picture.width * 4 // 5]
    assert left.sum() > right.sum() > 200, "each panel has its curves"
    assert files[1].read_text(encoding="utf-8").startswith("<?xml")
