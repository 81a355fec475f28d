"""The figures of the benchmark as a table for the terminal and as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure
from rich import box
from rich.table import Table

from fdemd.bench.emd_measure import Result
from fdemd.runs.files import write_figure


def table(results: Sequence[Result], title: str) -> Table:
    """Return a table with a line a contender, by grid; its columns are fields of :class:`Result`."""
    shown = Table(
        title=title, title_justify="left", box=box.SIMPLE, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0)
    )
    for column in ("patches", "contender"):
        shown.add_column(column, no_wrap=True)
    for column in ("pairs/s", "ratio", "floor", "error", "tau", "exact", "MiB"):
        shown.add_column(column, justify="right", no_wrap=True)
    grids = [result.grid for result in results]
    for place, result in enumerate(results):
        shown.add_row(
            result.grid if result.grid not in grids[:place] else "",
            result.contender,
            f"{result.pairs_per_second:,.0f}",
            _number(result.times_published, ".2f"),
            _number(result.share_of_floor, ".2f"),
            _number(result.error, ".0e"),
            _number(result.tau_converged, ".4f"),
            _number(result.tau_exact, ".4f"),
            _number(result.mebibytes, ".0f"),
            end_section=result.grid not in grids[place + 1 :],
        )
    return shown


def save_picture(path: Path, results: Sequence[Result], title: str) -> None:
    """Draw bars of pairs per second, a panel a grid, each bar with its ratio to the published algorithm."""
    grids = list(dict.fromkeys(result.grid for result in results))
    figure = Figure(figsize=(8, 0.5 + 2.6 * len(grids)), layout="constrained")
    for axes, grid in zip(figure.subplots(len(grids), squeeze=False)[:, 0], grids, strict=True):
        rows = [result for result in results if result.grid == grid][::-1]
        colours = ["#bbbbbb" if row.contender.startswith("products") else "#3b6ea5" for row in rows]
        bars = axes.barh([row.contender for row in rows], [row.pairs_per_second for row in rows], color=colours)
        labels = ["" if row.times_published is None else f"{row.times_published:.1f}x" for row in rows]
        axes.bar_label(bars, labels, padding=3, fontsize=8)
        axes.set_xscale("log")
        axes.margins(x=0.1)
        axes.set_title(f"{grid} patches", loc="left", fontsize=9)
        axes.tick_params(labelsize=8)
        axes.set_xlabel("pairs a second", fontsize=8)
    figure.suptitle(title, fontsize=10)
    write_figure(path, figure, 120)


def _number(value: float | None, form: str) -> str:
    return "" if value is None else format(value, form)
