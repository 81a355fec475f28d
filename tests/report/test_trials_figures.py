"""Every seed is a dot, curves have the range of the seeds."""

from pathlib import Path

import pytest
from PIL import Image

from fdemd.report.trials_figures import save_comparison, save_rejection
from tests.report.rejections import rejection


def test_a_line_of_dots_a_set_of_weights_and_stage(tmp_path: Path) -> None:
    named = {"query": "mask", "protocol": "official", "weights": "plain", "stage": "stage 1"}
    rows = [named | {"P@1": 70.0, "P@1, seed 0": 60.0, "P@1, seed 1": 80.0}, named | {"P@1": None}]
    png, svg = save_comparison(tmp_path / "comparison", rows, "a comparison")
    with Image.open(png) as picture:
        assert picture.width > 100
    assert "mask, official" in svg.read_text(encoding="utf-8")


@pytest.mark.parametrize("reranked", [True, False])
def test_rejection_is_drawn_with_and_without_a_second_stage(tmp_path: Path, reranked: bool) -> None:
    found = [rejection(share, reranked=reranked) for share in (0.7, 0.9)]
    _, svg = save_rejection(tmp_path / "rejection", found, "scales")
    text = svg.read_text(encoding="utf-8")
    assert ("least sure first" in text) == reranked
    assert "How sure the head is" in text
