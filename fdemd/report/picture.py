"""The run at a glance: one row a kind of query, its best five by each stage, and the flow to the best."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from fdemd.files.text import to_printable
from fdemd.report.flow import reconstruction
from fdemd.runs.files import write_figure
from fdemd.scoring.pictured import PicturedQuery

RIGHT, WRONG = "#1a9850", "#d73027"
_INCHES = 1.1
"""Width of a column, the unit of all places below."""
_SIDE = 0.94
"""Longer side of a face, so that the frames of two do not touch."""
_GAP, _STEP = 0.3, 1.3
"""Space between the parts of a row, and from one row to the next; names stand above the faces."""
_BESIDE, _ABOVE, _BELOW = 0.15, 1.0, 0.1
"""Margins: the upper one holds the title and the headings of the parts."""


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
    first = 1 + _GAP
    second = first + shown + _GAP
    flow = second + shown + _GAP
    headings = {0.0: "query", first: "stage 1"}
    if any(query.stage2 for query in queries):
        headings |= {second: "stage 2: EMD", flow: "flow"}
    figure, axis = _canvas(flow + 1 if len(headings) > 2 else second - _GAP, len(queries))
    for row, query in enumerate(queries):
        top = row * _STEP
        _show(axis, query.image, 0, top, f"{query.kind}: {query.identity}")
        for left, faces in ((first, query.stage1), (second, query.stage2)):
            for place, face in enumerate(faces):
                _show(axis, face.image, left + place, top, face.identity, RIGHT if face.right else WRONG)
        if query.flow is not None and query.query_weight is not None:
            best = query.stage2[0].image
            _show(axis, reconstruction(best, query.flow, query.query_weight, query.grid), flow, top)
    for left, heading in headings.items():
        axis.text(left, -0.32, heading, fontsize=10, weight="bold")
    axis.text(0, -0.72, title, fontsize=11, parse_math=False)
    write_figure(path, figure)


def _canvas(width: float, rows: int) -> tuple[Figure, Axes]:
    """Return one set of axes for everything, in columns, y downwards: a set for each face takes seconds to lay out."""
    right, bottom = width + _BESIDE, rows * _STEP - (_STEP - 1) + _BELOW
    figure = Figure(figsize=(_INCHES * (right + _BESIDE), _INCHES * (bottom + _ABOVE)))
    axis = figure.add_axes((0, 0, 1, 1))
    axis.set_axis_off()
    axis.set(xlim=(-_BESIDE, right), ylim=(bottom, -_ABOVE), autoscale_on=False)
    return figure, axis


def _show(axis: Axes, face: np.ndarray, left: float, top: float, label: str = "", colour: str = "") -> None:
    """Draw a face with its label above it, and in a frame of its colour."""
    height, width = (_SIDE * side / max(face.shape[:2]) for side in face.shape[:2])
    left += (_SIDE - width) / 2
    axis.imshow(face, extent=(left, left + width, top + height, top), aspect="auto", zorder=1)
    mark = {RIGHT: " \N{CHECK MARK}", WRONG: " \N{MULTIPLICATION SIGN}"}.get(colour, "")
    name = to_printable(label) + mark
    axis.text(left + width / 2, top - 0.04, name, fontsize=8, color=colour or "black", ha="center", parse_math=False)
    if colour:
        axis.add_patch(Rectangle((left, top), width, height, fill=False, edgecolor=colour, linewidth=3, zorder=2))
