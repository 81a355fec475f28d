"""Figures over several seeds: every seed a dot, and curves with the range of the seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from fdemd.report.figures import write_figures
from fdemd.report.rejection import curves_of
from fdemd.scoring.rejection import FIRST, NORM, ORACLE, PORTIONS, RANDOM, SCALE, SHARES, Rejection

_COLOURS = {SCALE: "tab:red", NORM: "tab:blue", FIRST: "tab:green", RANDOM: "0.5", ORACLE: "black"}


def save_comparison(stem: Path, rows: Sequence[Mapping[str, Any]], title: str) -> list[Path]:
    """Draw P@1 of every set of weights and stage, a panel a kind of query and protocol.

    Args:
        stem: Path of the files, without their ending.
        rows: Rows of :meth:`fdemd.report.trials.TrialsReport.rows`.
        title: Heading of the figure.

    Returns:
        The files: PNG and SVG.
    """
    panels = list(dict.fromkeys((row["query"], row["protocol"]) for row in rows))
    columns = min(3, len(panels))
    lines = -(-len(panels) // columns)
    height = 0.9 + lines * (0.9 + 0.24 * len(rows) / len(panels))
    figure = Figure(figsize=(4.4 * columns, height), layout="constrained")
    figure.suptitle(title, fontsize=11, parse_math=False)
    axes = list(figure.subplots(lines, columns, squeeze=False).flat)
    for panel, place in zip(panels, axes, strict=False):
        chosen = [row for row in rows if (row["query"], row["protocol"]) == panel and row["P@1"] is not None]
        for height, row in enumerate(chosen):
            seeds = [value for name, value in row.items() if name.startswith("P@1, seed")]
            place.plot(seeds, [height] * len(seeds), "o", color="tab:blue", markersize=4, alpha=0.5)
            place.plot([row["P@1"]], [height], "|", color="black", markersize=13, markeredgewidth=2)
        place.set_xlim(right=min(place.get_xlim()[1], 101))
        place.set_yticks(range(len(chosen)), [f"{row['weights']}, {row['stage']}" for row in chosen])
        place.invert_yaxis()
        place.set_title(f"{panel[0]}, {panel[1]}", fontsize=9)
        place.tick_params(labelsize=8)
        place.grid(alpha=0.25)
    for place in axes[len(panels) :]:
        place.set_axis_off()
    figure.supxlabel("P@1 in percent: each seed a dot, the mean a line", fontsize=9)
    return write_figures(stem, figure)


def save_rejection(stem: Path, found: Sequence[Rejection], title: str) -> list[Path]:
    """Draw what is left after rejection, P@1 by share re-ranked, and the mean scale of every kind of query.

    Args:
        stem: Path of the files, without their ending.
        found: What each seed gave.
        title: Heading of the figure.

    Returns:
        The files: PNG and SVG.
    """
    curves = curves_of(found)
    measures = list(dict.fromkeys(measure for measure, _ in curves))
    panels = len(measures) + bool(found[0].reranked) + 1
    figure = Figure(figsize=(4.4 * min(3, panels), 3.4 * -(-panels // 3) + 0.7), layout="constrained")
    figure.suptitle(title, fontsize=11, parse_math=False)
    axes = list(figure.subplots(-(-panels // 3), min(3, panels), squeeze=False).flat)
    for measure, place in zip(measures, axes, strict=False):
        named = {name: each for (what, name), each in curves.items() if what == measure}
        _curves(place, 100 * PORTIONS, named)
        place.set(xlabel="rejected in percent", title=f"{measure}, of what is left (%)")
    if found[0].reranked:
        place = axes[len(measures)]
        _curves(place, 100 * SHARES, {name: [each.reranked[name] for each in found] for name in found[0].reranked})
        place.set(xlabel="re-ranked in percent, least sure first", title="P@1 of all queries (%)")
    _scales(axes[panels - 1], found)
    for place in axes[:panels]:
        place.title.set_size(9)
        place.xaxis.label.set_size(8)
        place.tick_params(labelsize=8)
        place.grid(alpha=0.25)
    for place in axes[panels:]:
        place.set_axis_off()
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels), fontsize=8, frameon=False)
    return write_figures(stem, figure)


def _curves(place: Axes, x: Tensor, named: Mapping[str, Sequence[Tensor]]) -> None:
    """The mean of the seeds, and between which values they lie."""
    for name, seeds in named.items():
        values = 100 * torch.stack(list(seeds))
        colour = _COLOURS[name]
        style = "--" if name in (RANDOM, ORACLE) else "-"
        place.plot(x.tolist(), values.mean(0).tolist(), color=colour, linestyle=style, linewidth=1.5, label=name)
        low, high = values.min(0).values.tolist(), values.max(0).values.tolist()
        place.fill_between(x.tolist(), low, high, color=colour, alpha=0.1, linewidth=0)


def _scales(place: Axes, found: Sequence[Rejection]) -> None:
    kinds = list(found[0].scale)
    for height, kind in enumerate(kinds):
        values = [each.scale[kind] for each in found]
        place.barh(height, sum(values) / len(values), color="tab:red", alpha=0.4, height=0.6)
        place.plot(values, [height] * len(values), "o", color="tab:red", markersize=4)
    place.set_yticks(range(len(kinds)), kinds)
    place.invert_yaxis()
    place.set(xlabel="mean scale (each seed a dot)", title="How sure the head is, by kind of query")
