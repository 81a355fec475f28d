"""A line over alpha or k where methods differ in it, else a dot a method."""

from pathlib import Path
from typing import Any

import pytest

from fdemd.report.study_figures import save_study_figure


def row(method: str, alpha: Any) -> dict[str, Any]:
    weighting = "apc" if method == "emd" else ""
    settings = {"weighting": weighting, "patches": "", "grid": "", "alpha": alpha, "k": 100 if weighting else ""}
    figure = {"P@1": 80.0, "P@1 low": 70.0, "P@1 high": 90.0}
    return {"query": "mask", "protocol": "official", "method": method, **settings, **figure}


@pytest.mark.parametrize("alphas", [[0.7], [0.0, 0.5, 1.0, "auto"]])
def test_both_kinds_of_figure_are_drawn(tmp_path: Path, alphas: list[Any]) -> None:
    rows = [row("stage 1", ""), row("maximum", ""), *(row("emd", alpha) for alpha in alphas)]
    png, svg = save_study_figure(tmp_path / "figure", rows, "a study")
    assert png.read_bytes().startswith(b"\x89PNG")
    text = svg.read_text(encoding="utf-8")
    assert ("alpha" in text) == (len(alphas) > 1)
