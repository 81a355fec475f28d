"""The detection error trade-off of an open set as a picture."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from fdemd.report.figures import write_figures
from fdemd.scoring.closed_set import STAGE_1, STAGE_2
from fdemd.scoring.error_rates import ErrorRates
from fdemd.scoring.open_set import OpenSet

_STYLES: dict[str, Literal["--", "-"]] = {STAGE_1: "--", STAGE_2: "-"}


def save_det(stem: Path, panels: Mapping[str, Sequence[OpenSet]], title: str) -> list[Path]:
    """Draw FNIR over FPIR, both logarithmic and in percent: colour is the kind of query, dashes are stage 1.

    Points are at the thresholds, hollow for stage 1. A rate of 0 has no place on the axes and is drawn at the lower
    edge, where half an error among all searches would be.

    Args:
        stem: Path of the files, without their ending.
        panels: Title of each panel (a protocol) -> results with their error rates, to draw in it.
        title: Heading above all panels.

    Returns:
        The files: PNG and SVG.

    Raises:
        InputError: A file cannot be written.
    """
    shown = [result for results in panels.values() for result in results]
    kinds = list(dict.fromkeys(result.kind for result in shown))
    stages = [stage for stage in _STYLES if stage in shown[0].errors]
    lowest = min(0.5 / len(result.nonmated) for result in shown), min(0.5 / len(result.mated) for result in shown)
    figure = Figure(figsize=(1.6 + 4.6 * len(panels), 4.9), layout="constrained")
    for number, (axes, (name, results)) in enumerate(
        zip(figure.subplots(1, len(panels), squeeze=False)[0], panels.items(), strict=True)
    ):
        for result in results:
            for stage in stages:
                _draw(axes, result.errors[stage], stage, f"C{kinds.index(result.kind)}", lowest)
        axes.set(xscale="log", yscale="log", xlabel="FPIR (%)", ylabel="" if number else "FNIR (%)")
        axes.set(xlim=(0.8 * lowest[0], 1.1), ylim=(0.8 * lowest[1], 1.1))
        axes.set_xticks(*_ticks(lowest[0]))
        axes.set_yticks(*_ticks(lowest[1]))
        axes.set_title(name, loc="left", fontsize=10)
        axes.grid(alpha=0.3, which="major")
        axes.grid(alpha=0.12, which="minor")
    figure.suptitle(title, x=0.01, ha="left", fontsize=11, parse_math=False)
    marks = [Line2D([], [], color=f"C{number}", label=kind) for number, kind in enumerate(kinds)]
    marks += [Line2D([], [], color="0.3", linestyle=_STYLES[stage], label=stage) for stage in stages]
    marks.append(Line2D([], [], color="0.3", linestyle="none", marker="o", label="at T"))
    figure.legend(handles=marks, loc="outside right upper", frameon=False)
    return write_figures(stem, figure)


def _draw(axes: Axes, errors: ErrorRates, stage: str, colour: str, lowest: tuple[float, float]) -> None:
    curve = errors.curve
    x, y = curve.fpir.clamp_min(lowest[0]).tolist(), curve.fnir.clamp_min(lowest[1]).tolist()
    axes.plot(x, y, color=colour, linestyle=_STYLES[stage], linewidth=1.4, solid_joinstyle="round")
    points = [point for point in errors.points if point is not None]
    axes.plot(
        [max(point.fpir.mean, lowest[0]) for point in points],
        [max(point.fnir.mean, lowest[1]) for point in points],
        color=colour,
        linestyle="none",
        marker="o",
        markersize=5,
        markerfacecolor="white" if stage == STAGE_1 else colour,
        zorder=3,
    )


def _ticks(lowest: float) -> tuple[list[float], list[str]]:
    """Places and texts in percent: 0 at the lower edge, then powers of ten."""
    powers = [10.0**power for power in range(math.ceil(math.log10(1.4 * lowest)), 1)]
    return [lowest, *powers], ["0", *(f"{100 * power:g}" for power in powers)]
