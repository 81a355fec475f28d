"""``python -m fdemd.repro.strengths RUN... --out FILE.png``: what the strength of an alignment does, as a picture."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from fdemd.cli.exit_status import exit_status
from fdemd.errors import InputError
from fdemd.runs.files import write_figure
from fdemd.scoring.closed_set import COSINE, STAGE_1

_FIGURES = ("P@1", "MAP@R")
Facts = Mapping[str, Any]
"""A run's ``results.json``."""


def read_runs(folders: Sequence[Path]) -> list[Facts]:
    """The runs of ``evaluate.py align=...`` in some folders, by strength.

    Raises:
        InputError: there are no results, or the runs differ in more than the strength.
    """
    runs = []
    for folder in folders:
        try:
            facts = json.loads((folder / "results.json").read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise InputError(f"{folder} has no results.json of an earlier run ({error}).") from error
        if "align" not in facts or "stage" not in facts["results"][0]:
            raise InputError(f"{folder} is no run of evaluate.py with align=ida or align=snorm.")
        runs.append(facts)
    if len({_but_strength(facts) for facts in runs}) > 1:
        raise InputError("The runs differ in more than align.strength; give those of one sweep over it.")
    return sorted(runs, key=lambda facts: facts["align"]["strength"])


def _but_strength(facts: Facts) -> str:
    align = {name: value for name, value in facts["align"].items() if name != "strength"}
    shown = sorted({(row["query"], row["protocol"]) for row in facts["results"]})
    return json.dumps([facts["data"], facts["model"], facts["seed"], align, shown], sort_keys=True)


def save_strengths(path: Path, runs: Sequence[Facts]) -> None:
    """Draw the first stage's figures over the strength, a panel a kind of query; strength 0 is the plain cosine.

    Args:
        path: Path of the picture.
        runs: as :func:`read_runs` gives them.

    Raises:
        InputError: the file cannot be written.
    """
    panels = list(dict.fromkeys((row["query"], row["protocol"]) for row in runs[0]["results"]))
    figure = Figure(figsize=(1 + 3.6 * len(panels), 3.6), layout="constrained")
    for axes, panel in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels, strict=True):
        plain = _row(runs[0], panel, COSINE)
        for number, name in enumerate(_FIGURES):
            points = [(0.0, plain)] + [(facts["align"]["strength"], _row(facts, panel, STAGE_1)) for facts in runs]
            strengths, rows = zip(*points, strict=True)
            axes.plot(strengths, [row[name] for row in rows], marker="o", markersize=3, color=f"C{number}", label=name)
            low, high = ([row[f"{name} {end}"] for row in rows] for end in ("low", "high"))
            axes.fill_between(strengths, low, high, alpha=0.12, color=f"C{number}")
            axes.axhline(plain[name], color=f"C{number}", linestyle=":", linewidth=1)
        axes.set_title(f"{panel[0]}, {panel[1]}", loc="left", fontsize=9)
        axes.set(xlabel="strength")
        axes.grid(alpha=0.25)
    figure.axes[0].set_ylabel("percent")
    figure.axes[0].legend(fontsize=8)
    align, data = runs[0]["align"], runs[0]["data"]
    title = (
        f"{runs[0]['model']['name']}, {data['gallery']} faces in the gallery, {align['method']} ({align['support']})"
    )
    figure.suptitle(title, fontsize=10, parse_math=False)
    write_figure(path, figure)


def _row(facts: Facts, panel: tuple[str, str], stage: str) -> Facts:
    found: Facts = next(
        row for row in facts["results"] if (row["query"], row["protocol"], row["stage"]) == (*panel, stage)
    )
    return found


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m fdemd.repro.strengths", description="Draw a sweep over align.strength from its runs' folders."
    )
    parser.add_argument(
        "runs", metavar="RUN", type=Path, nargs="+", help="folders of evaluate.py align.strength=A,B,..."
    )
    parser.add_argument("--out", metavar="FILE.png", type=Path, required=True)
    arguments = parser.parse_args(argv)
    return exit_status("strengths", lambda: save_strengths(arguments.out, read_runs(arguments.runs)))


if __name__ == "__main__":
    sys.exit(main())
