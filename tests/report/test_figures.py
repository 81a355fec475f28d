from pathlib import Path

from matplotlib.figure import Figure

from fdemd.report.figures import write_figures


def test_a_point_in_a_name_is_no_ending(tmp_path: Path) -> None:
    files = write_figures(tmp_path / "figure_1_timm-vit.augreg_orl", Figure())
    assert [file.name for file in files] == ["figure_1_timm-vit.augreg_orl.png", "figure_1_timm-vit.augreg_orl.svg"]
    assert all(file.stat().st_size for file in files)
