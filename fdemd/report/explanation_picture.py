"""The pictures of one pair: which patches match, what each weighs and contributes, and all weightings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure, SubFigure
from matplotlib.patches import FancyArrowPatch
from torch import Tensor

from fdemd.emd.contributions import Match, strongest
from fdemd.emd.weighting import Marginals
from fdemd.files.text import to_printable
from fdemd.report.flow import reconstruction
from fdemd.report.heat_map import COLOURS, heat_map, range_text
from fdemd.runs.files import write_figure
from fdemd.scoring.explanation import Explanation

LINES = 16
"""Matches that are drawn."""
_GAP = 0.5
"""Between the two faces, in widths of a face."""
DPI = 130


def line_ends(
    match: Match, grid: tuple[int, int], size: tuple[int, int], shift: float
) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return the centres (x, y) of the matched cells, in pixels.

    Args:
        match: The two patches.
        grid: Rows and columns of the patches.
        size: ``(height, width)`` of each face.
        shift: Distance in pixels of the gallery face's left edge from the query's.
    """

    def centre(cell: int) -> tuple[float, float]:
        row, column = divmod(cell, grid[1])
        return (column + 0.5) * size[1] / grid[1], (row + 0.5) * size[0] / grid[0]

    here, (x, y) = centre(match.query), centre(match.gallery)
    return here, (x + shift, y)


def save_explanation(
    path: Path, query: np.ndarray, gallery: np.ndarray, explanation: Explanation, names: tuple[str, str], title: str
) -> None:
    """Write the picture of :func:`draw_explanation` to a file, whose ending chooses the format.

    Raises:
        InputError: The file cannot be written.
    """
    write_figure(path, draw_explanation(query, gallery, explanation, names, title), DPI)


def draw_explanation(
    query: np.ndarray, gallery: np.ndarray, explanation: Explanation, names: tuple[str, str], title: str
) -> Figure:
    """Draw the strongest matches, the weights and contributions of both faces, and the reconstruction.

    Args:
        query: Face of the query, ``(H, W, 3)`` uint8 RGB.
        gallery: Face of the gallery, likewise.
        explanation: What the similarity of the pair is made of.
        names: Names of the two photographs.
        title: Heading above the picture.
    """
    figure = Figure(figsize=(10, 7.2), layout="constrained")
    figure.suptitle(title, fontsize=11, x=0.01, ha="left", parse_math=False)
    above, below = figure.subfigures(2, 1, height_ratios=[1.75, 1], squeeze=False)[:, 0]
    _draw_matches(above, query, gallery, explanation, names)
    shares, grid = explanation.contributions, explanation.grid
    axes = below.subplots(1, 5)
    maps: list[tuple[str, np.ndarray, Tensor]] = [
        ("weights, query", query, explanation.query_weight),
        ("weights, gallery", gallery, explanation.gallery_weight),
        ("contributions, query", query, shares.query),
        ("contributions, gallery", gallery, shares.gallery),
    ]
    for axis, (name, face, values) in zip(axes, maps, strict=False):
        _show(axis, heat_map(face, values, grid), name, range_text(values))
    rebuilt = reconstruction(gallery, explanation.flow, explanation.query_weight, grid)
    _show(axes[-1], rebuilt, "query, rebuilt", "from gallery patches")
    return figure


def save_weightings(
    path: Path,
    query: np.ndarray,
    gallery: np.ndarray,
    weights: Mapping[str, Marginals],
    grid: tuple[int, int],
    names: tuple[str, str],
) -> None:
    """Draw what each patch weighs under every weighting (Fig. 3 of DeepFace-EMD): a column a weighting, a row a face.

    Args:
        path: File to write; its ending chooses the format.
        query: Face of the query, ``(H, W, 3)`` uint8 RGB.
        gallery: Face of the gallery, likewise.
        weights: Name of a weighting -> weights of both faces' patches.
        grid: Rows and columns of the patches.
        names: Names of the two photographs.

    Raises:
        InputError: The file cannot be written.
    """
    columns = len(weights) + 1
    figure = Figure(figsize=(1.45 * columns, 4.5), layout="constrained")
    figure.suptitle("Weights of the patches", fontsize=11, x=0.01, ha="left")
    axes = figure.subplots(2, columns)
    for row, (role, face, name) in enumerate((("query", query, names[0]), ("gallery", gallery, names[1]))):
        _show(axes[row, 0], face, role, name)
        for axis, (weighting, both) in zip(axes[row, 1:], weights.items(), strict=True):
            values: Tensor = (both.query, both.gallery)[row]
            _show(axis, heat_map(face, values, grid), weighting, range_text(values))
    _range_bar(figure, axes.ravel().tolist())
    write_figure(path, figure, DPI)


def _draw_matches(
    figure: SubFigure, query: np.ndarray, gallery: np.ndarray, explanation: Explanation, names: tuple[str, str]
) -> None:
    height, width = query.shape[:2]
    shift = (1 + _GAP) * width
    axis = figure.subplots()
    axis.imshow(query, extent=(0, width, height, 0))
    axis.imshow(gallery, extent=(shift, shift + width, height, 0))
    axis.set(xlim=(0, shift + width), ylim=(height, 0))
    axis.set_axis_off()
    for x, role, name in ((0.0, "query", names[0]), (shift, "gallery", names[1])):
        axis.text(x + width / 2, -0.02 * height, f"{role}: {name}", fontsize=9, ha="center", parse_math=False)
    matches = strongest(explanation.flow, explanation.patch_cosine, LINES)
    colours, scale = colormaps["viridis"], Normalize(min(0.0, *(match.cosine for match in matches)), 1)
    for match in reversed(matches):  # the strongest on top
        (x, y), (there_x, there_y) = line_ends(match, explanation.grid, (height, width), shift)
        thickness = 0.5 + 2.5 * match.flow / max(matches[0].flow, 1e-12)
        colour = colours(scale(match.cosine))
        # Bent by where it starts, so that the matches of one row of patches do not lie on each other.
        bend = f"arc3,rad={0.12 * (0.5 - x / width)}"
        line = FancyArrowPatch((x, y), (there_x, there_y), arrowstyle="-", connectionstyle=bend, shrinkA=0, shrinkB=0)
        line.set(color=colour, linewidth=thickness, alpha=0.85)
        axis.add_patch(line)
        axis.plot((x, there_x), (y, there_y), "o", color=colour, markeredgecolor="white", markersize=5)
    bar = figure.colorbar(ScalarMappable(scale, colours), ax=axis, shrink=0.8, pad=0.02)
    bar.set_label(f"cosine of the two patches (width: flow; strongest {len(matches)})", fontsize=8)
    bar.ax.tick_params(labelsize=8)


def _range_bar(figure: Figure, axes: Sequence[Axes]) -> None:
    bar = figure.colorbar(ScalarMappable(Normalize(0, 1), COLOURS), ax=axes, shrink=0.8, pad=0.01, ticks=[0, 1])
    bar.ax.set_yticklabels(["least", "most"], fontsize=8)


def _show(axis: Axes, face: np.ndarray, name: str, below: str) -> None:
    axis.imshow(face)
    axis.set_xticks([])
    axis.set_yticks([])
    axis.set_title(to_printable(name), fontsize=9, pad=3, parse_math=False)
    axis.set_xlabel(below, fontsize=8, labelpad=3, parse_math=False)
