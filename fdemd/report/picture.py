"""The run at a glance: one row a kind of query, its best five by each stage, and the flow to the best."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from fdemd.files.text import to_printable
from fdemd.runs.files import write_figure

RIGHT, WRONG = "#1a9850", "#d73027"


@dataclass(frozen=True)
class Shown:
    """A face ``(H, W, 3)`` uint8 in a ranked list: its identity and whether it is right."""

    face: np.ndarray
    identity: str
    right: bool


@dataclass(frozen=True)
class PictureRow:
    """One query and what was found.

    Attributes:
        kind: of query.
        query: the face, ``(H, W, 3)`` uint8.
        identity: of the query.
        stage1: its best five by the cosine, aligned or not.
        stage2: its best five after re-ranking; empty without it.
        flow: the query put together from the best face of stage 2, see :func:`fdemd.report.flow.reconstruction`.
    """

    kind: str
    query: np.ndarray
    identity: str
    stage1: Sequence[Shown]
    stage2: Sequence[Shown]
    flow: np.ndarray | None


def save_picture(path: Path, rows: Sequence[PictureRow], title: str) -> None:
    """Write the picture as PNG (or whatever the ending of ``path`` says).

    Raises:
        InputError: the file cannot be written.
    """
    shown = max(len(row.stage1) for row in rows)
    reranked = any(row.stage2 for row in rows)
    gap = 0.2
    widths = [1.0, gap, *[1.0] * shown] + ([gap, *[1.0] * shown, gap, 1.0] if reranked else [])
    figure = Figure(figsize=(1.1 * sum(widths), 1.24 * len(rows) + 0.6), layout="constrained")
    figure.suptitle(title + "\n", fontsize=11, x=0.01, ha="left", parse_math=False)
    axes = figure.subplots(len(rows), len(widths), squeeze=False, width_ratios=widths)
    for axis in axes.flat:
        axis.set_axis_off()
    second = 3 + shown
    for line, row in zip(axes, rows, strict=True):
        _show(line[0], row.query, f"{row.kind}: {row.identity}")
        for axis, face in zip(line[2:], row.stage1, strict=False):
            _show(axis, face.face, face.identity, RIGHT if face.right else WRONG)
        for axis, face in zip(line[second:], row.stage2, strict=False):
            _show(axis, face.face, face.identity, RIGHT if face.right else WRONG)
        if row.flow is not None:
            _show(line[-1], row.flow, "")
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
