"""The table and the picture of the benchmark."""

import io
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from fdemd.bench.emd_measure import Result
from fdemd.bench.emd_report import save_picture, table

PUBLISHED = Result("8x8x128", "published", 1000.0, 1.0, None, 1e-3, 0.99, None, 12.0, 5)
RESULTS = [PUBLISHED, replace(PUBLISHED, contender="cpu", pairs_per_second=40_000.0, times_published=40.0)]


def test_a_grid_is_named_once_and_what_has_no_meaning_is_empty() -> None:
    console = Console(width=120, record=True, file=io.StringIO())
    console.print(table(RESULTS, "Pairs"))
    text = console.export_text()
    assert text.count("8x8x128") == 1
    assert "40,000" in text and "40.00" in text
    assert "None" not in text


def test_the_picture_has_a_panel_a_grid(tmp_path: Path) -> None:
    save_picture(tmp_path / "one.png", RESULTS, "Pairs")
    save_picture(tmp_path / "two.png", [*RESULTS, replace(PUBLISHED, grid="4x4x256")], "Pairs")
    assert (tmp_path / "two.png").stat().st_size > (tmp_path / "one.png").stat().st_size
