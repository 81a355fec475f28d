"""The run at a glance: one row a kind of query, its best five by each stage, and the flow to the best."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from fdemd.files.text import to_printable
from fdemd.report.flow import reconstruction
from fdemd.runs.files import write_figure
from fdemd.scoring.pictured import PicturedQuery

RIGHT, WRONG = "#1a9850", "#d73027"


def save_picture(path: Path, queries: Sequence[PicturedQuery], title: str) -> None:
    """Draw each query, its best faces of both stages, and the query put together from the best of them.

    Args:
        path: File to write; its ending chooses the format.
        queries: One a row.
        title: Heading above the picture.

    Raises:
        InputError: The file cannot be written.
    """
    shown = max(len(query.stage1) for query in queries)
    reranked = any(query.stage2 for query in queries)
    gap = 0.2
    widths = [1.0, gap, *[1.0] * shown] + ([gap, *[1.0] * shown, gap, 1.0] if reranked else [])
    figure = Figure(figsize=(1.1 * sum(widths), 1.24 * len(queries) + 0.6), layout="constrained")
    figure.suptitle(title + "\n", fontsize=11, x=0.01, ha="left", parse_math=False)
    axes = figure.subplots(len(queries), len(widths), squeeze=False, width_ratios=widths)
    for axis in axes.flat:
        axis.set_axis_off()
    second = 3 + shown
    for line, query in zip(axes, queries, strict=True):
        _show(line[0], query.image, f"{query.kind}: {query.identity}")
        for axis, face in zip(line[2:], query.stage1, strict=False):
            _show(axis, face.image, face.identity, RIGHT if face.right else WRONG)
        for axis, face in zip(line[second:], query.stage2, strict=False):
            _show(axis, face.image, face.identity, RIGHT if face.right else WRONG)
        if query.flow is not None and query.query_weight is not None:
            best = query.stage2[0].image
            _show(line[-1], reconstruction(best, query.flow, query.query_weight, query.grid), "")
    headings = {0: "query", 2: "stage 1"}
    if reranked:
        headings |= {second: "stage 2: EMD", len(widths) - 1: "flow"}
    for column, heading in headings.items():
        place = {"xy": (0, 1), "xytext": (0, 14), "xycoords": "axes fraction", "textcoords": "offset points"}
        text = axes[0, column].annotate(heading, **place, fontsize=10, weight="bold")
        text.set_in_layout(False)  # a heading may be wider than its column
    write_figure(path, figure)


def _show(axis: Axes, face: np.ndarray, label: str, colour: str | None = None) -> None:
    axis.imshow(face)
    axis.set_axis_on()
    axis.set_xticks([])
    axis.set_yticks([])
    mark = {RIGHT: " \N{CHECK MARK}", WRONG: " \N{MULTIPLICATION SIGN}"}.get(colour or "", "")
    axis.set_title(to_printable(label) + mark, fontsize=8, pad=2, color=colour or "black", parse_math=False)
    for side in axis.spines.values():
        side.set_visible(colour is not None)
        side.set_color(colour)
        side.set_linewidth(3)
