"""A photograph with a box and a name for every face."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from fdemd.gallery.identification import AMBIGUOUS, KNOWN, UNKNOWN, Identification
from fdemd.runs.files import write_figure

_COLOURS = {KNOWN: "#1a9850", UNKNOWN: "#4d4d4d", AMBIGUOUS: "#e08214"}
_WIDTH, _DPI = 8.0, 130
_LINE = 45
"""Signs of a name that are shown."""


def save_picture(path: Path, photograph: np.ndarray, answers: Sequence[Identification]) -> None:
    """Draw the answers for a photograph.

    Args:
        path: File to write; its ending chooses the format.
        photograph: The photograph ``(H, W, 3)``, uint8 RGB.
        answers: What :meth:`fdemd.Gallery.identify` said of it.

    Raises:
        InputError: The file cannot be written.
    """
    height, width = photograph.shape[:2]
    figure = Figure(figsize=(_WIDTH, _WIDTH * height / width), dpi=_DPI)
    axis = figure.add_axes((0, 0, 1, 1))
    axis.imshow(photograph, extent=(0, width, height, 0))
    axis.set_axis_off()
    axis.set(xlim=(0, width), ylim=(height, 0))
    for answer in answers:
        left, top, right, bottom = answer.box
        colour = _COLOURS[answer.decision]
        axis.add_patch(Rectangle((left, top), right - left, bottom - top, fill=False, edgecolor=colour, linewidth=2))
        axis.text(
            max(left, 0),
            max(top, 0),
            label(answer),
            color="white",
            fontsize=9,
            va="bottom" if top > 0.05 * height else "top",
            bbox={"facecolor": colour, "edgecolor": "none", "pad": 2},
            parse_math=False,
            clip_on=True,
        )
    write_figure(path, figure, _DPI)


def label(answer: Identification) -> str:
    """Return what stands at a face's box: the name, the two names that are too close to tell, or ``unknown``."""
    if answer.decision == AMBIGUOUS:
        return " or ".join(candidate.person[:_LINE] for candidate in answer.candidates[:2]) + "?"
    return (answer.person or UNKNOWN)[:_LINE]
