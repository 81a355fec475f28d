"""The receiver operating characteristic of a verification as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure

from fdemd.runs.files import write_figure
from fdemd.scoring.pairs import Verification


def save_roc(path: Path, results: Sequence[Verification], title: str, *, negatives: int) -> None:
    """Draw true over false accept rates.

    Args:
        path: File to write; its ending chooses the format.
        results: What each similarity gave; one curve each.
        title: Heading above the picture.
        negatives: Number of pairs of two people: the axis begins at a false accept rate of one of them.

    Raises:
        InputError: The file cannot be written.
    """
    figure = Figure(figsize=(6.4, 4.8), layout="constrained")
    axes = figure.subplots()
    for result in results:
        far, tar = result.roc
        axes.step(far, tar, where="post", label=f"{result.similarity}: accuracy {100 * result.accuracy.mean:.2f} %")
    lowest = min(float(tar[far < 1 / negatives].max()) for far, tar in (result.roc for result in results))
    axes.set(xscale="log", xlim=(1 / negatives, 1), ylim=(max(0.0, lowest - 0.05), 1.005))
    axes.set(xlabel="false accept rate", ylabel="true accept rate")
    axes.set_title(title, loc="left", fontsize=11, parse_math=False)
    axes.grid(alpha=0.3, which="both")
    axes.legend(loc="lower right")
    write_figure(path, figure)
