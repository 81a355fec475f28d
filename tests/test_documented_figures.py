"""Figures over seeds in the documentation are those of a run whose results are kept beside them."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SPREAD = re.compile(r"\d+\.\d+ \+- \d+\.\d+")


@pytest.mark.parametrize("page", ["scaleface.md", "otface.md"])
def test_every_mean_with_its_deviation_is_in_the_results(page: str) -> None:
    shown = SPREAD.findall((ROOT / "docs" / page).read_text(encoding="utf-8"))
    measured = set(SPREAD.findall((ROOT / "results" / "seeds.md").read_text(encoding="utf-8")))
    assert shown
    assert [each for each in shown if each not in measured] == []
