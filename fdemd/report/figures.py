"""Figures as files."""

from __future__ import annotations

from pathlib import Path

from matplotlib.figure import Figure

from fdemd.runs.files import write_figure


def write_figures(stem: Path, figure: Figure) -> list[Path]:
    """Write a figure as PNG, to be looked at, and as SVG, for a page.

    Args:
        stem: Path of the files, without their ending.
        figure: What to write.

    Raises:
        InputError: A file cannot be written.
    """
    files = [stem.with_name(f"{stem.name}{ending}") for ending in (".png", ".svg")]
    for file in files:
        write_figure(file, figure)
    return files
