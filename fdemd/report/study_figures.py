"""Figures of a study: a line over alpha or k, or the methods below each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from fdemd.report.figures import write_figures
from fdemd.report.methods import SETTINGS, differing, method_label
from fdemd.scoring.closed_set import BEST_POSSIBLE, STAGE_1
from fdemd.settings.ranking import ALPHA_RULES

Row = Mapping[str, Any]


def save_study_figure(stem: Path, rows: Sequence[Row], title: str) -> list[Path]:
    """Draw P@1 of one network and data set as ``STEM.png`` and ``STEM.svg``.

    If the methods differ in alpha or in k, that is the horizontal axis; else each method is a dot with its interval.

    Args:
        stem: Path of the files, without their ending.
        rows: Rows of ``results.json``, of one network and data set.
        title: Heading of the figure.
    """
    panels = list(dict.fromkeys((row["query"], row["protocol"]) for row in rows))
    axis = next((name for name in ("alpha", "k") if len(_numbers(rows, name)) > 2), None)
    columns = min(3, len(panels))
    lines = -(-len(panels) // columns)
    figure = Figure(figsize=(4.2 * columns, 3.1 * lines + 0.9), layout="constrained")
    figure.suptitle(title, fontsize=11, parse_math=False)
    axes = figure.subplots(lines, columns, squeeze=False).flat
    for panel, place in zip(panels, axes, strict=False):
        chosen = [row for row in rows if (row["query"], row["protocol"]) == panel and row["P@1"] is not None]
        if axis:
            _lines(place, chosen, axis)
        else:
            _dots(place, chosen)
        place.set_title(f"{panel[0]}, {panel[1]}", fontsize=9)
        place.tick_params(labelsize=8)
        place.grid(alpha=0.25)
    for place in list(axes)[len(panels) :]:
        place.set_axis_off()
    name_axis = figure.supylabel if axis else figure.supxlabel
    name_axis("P@1 in percent", fontsize=9)
    handles, labels = figure.axes[0].get_legend_handles_labels()
    if labels:
        figure.legend(handles, labels, loc="outside lower center", ncols=min(4, len(labels)), fontsize=8)
    return write_figures(stem, figure)


def _numbers(rows: Sequence[Row], name: str) -> list[float]:
    """Different numbers that the methods have; what is no number (``auto``, ``all``) is not on an axis."""
    return sorted({row[name] for row in rows if isinstance(row[name], int | float) and row["method"] != BEST_POSSIBLE})


def _lines(place: Axes, rows: Sequence[Row], axis: str) -> None:
    others = [name for name in differing(rows, ("method", *SETTINGS)) if name != axis]
    series: dict[str, list[Row]] = {}
    for row in rows:
        if row["method"] == STAGE_1:
            place.axhline(row["P@1"], color="black", linestyle="--", linewidth=1, label=STAGE_1)
        elif row["method"] != BEST_POSSIBLE:
            series.setdefault(" ".join(str(row[name]) for name in others) or row["method"], []).append(row)
    for number, (label, points) in enumerate(series.items()):
        colour = f"C{number}"
        for row in points:
            if row[axis] in ALPHA_RULES:
                place.axhline(row["P@1"], color=colour, linestyle=":", linewidth=1.2, label=f"{label} {row[axis]}")
        fixed = sorted((row for row in points if isinstance(row[axis], int | float)), key=lambda row: row[axis])
        x, y = [row[axis] for row in fixed], [row["P@1"] for row in fixed]
        if x:
            place.plot(x, y, marker="o", markersize=3, color=colour, label=label)
            low, high = ([row[f"P@1 {end}"] for row in fixed] for end in ("low", "high"))
            place.fill_between(x, low, high, alpha=0.12, color=colour)
    place.set_xlabel(axis, fontsize=8)


def _dots(place: Axes, rows: Sequence[Row]) -> None:
    shown = [row for row in rows if row["method"] != BEST_POSSIBLE]
    names = differing(shown)
    labels = [method_label(row, names) for row in shown]
    values = [row["P@1"] for row in shown]
    low, high = ([row[f"P@1 {end}"] for row in shown] for end in ("low", "high"))
    colours = ["#555555" if row["method"] == STAGE_1 else "#1f77b4" for row in shown]
    place.hlines(range(len(shown)), low, high, colors=colours, linewidth=1.2)
    place.scatter(values, range(len(shown)), color=colours, s=22, zorder=3)
    place.set_xlim(right=min(place.get_xlim()[1], 101))
    place.set_yticks(range(len(shown)), labels)
    place.invert_yaxis()
