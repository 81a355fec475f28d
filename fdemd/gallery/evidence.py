"""Why an answer was given: the two faces, both stages' scores, and which patch of one lies on which of the other."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from matplotlib.figure import Figure
from sqlalchemy import select

from fdemd.errors import InputError
from fdemd.gallery.database import Database
from fdemd.gallery.identification import Identification
from fdemd.gallery.packing import from_png
from fdemd.gallery.schema import Photograph
from fdemd.gallery.search import Search
from fdemd.report.explanation_picture import DPI, draw_explanation
from fdemd.runs.files import write_figure
from fdemd.scoring.explanation import Explanation, explain


@dataclass(frozen=True, eq=False)
class Evidence:
    """What one candidate of an answer rests on.

    Attributes:
        person: The candidate's name.
        explanation: Every number of the two scores; its flow says which patches carried the match, and patches of the
            face that add little, as those under a mask, are small in ``explanation.contributions.query``.
        face: The aligned face that was looked for.
        enrolled: The aligned face of the enrolled photograph; None if the gallery keeps no pictures.
    """

    person: str
    explanation: Explanation
    face: np.ndarray
    enrolled: np.ndarray | None

    def save(self, path: str | Path) -> None:
        """Draw both faces with the strongest matches of patches, what each weighs and what it adds.

        Args:
            path: File to write; its ending chooses the format.

        Raises:
            InputError: The gallery keeps no pictures, or the file cannot be written.
        """
        write_figure(Path(path), self._figure(), DPI)

    def png(self) -> bytes:
        """Return what :meth:`save` draws as a PNG file, without writing one.

        Raises:
            InputError: The gallery keeps no pictures.
        """
        file = io.BytesIO()
        self._figure().savefig(file, format="png", dpi=DPI)
        return file.getvalue()

    def _figure(self) -> Figure:
        if self.enrolled is None:
            raise InputError("The gallery keeps nothing of photographs (keep=none), so that there is no face to draw.")
        title = f"{self.person}: mixed {self.explanation.mixed:.3f}, cosine {self.explanation.cosine:.3f}"
        return draw_explanation(self.face, self.enrolled, self.explanation, ("the photograph", self.person), title)


def evidence_of(answer: Identification, place: int, database: Database, search: Search) -> Evidence:
    """Return what a candidate of an answer rests on.

    Args:
        answer: The answer.
        place: Place of the candidate, 0 for the first.
        database: The gallery's.
        search: Has the settings of the second stage.

    Raises:
        InputError: There is no such candidate, the photograph was removed since, or the gallery keeps no patches.
    """
    if search.rerank is None:
        raise InputError("The gallery keeps no patches (patches=none), so that only the cosine can be told.")
    if not 0 <= place < len(answer.candidates):
        raise InputError(f"The answer has {len(answer.candidates)} candidates, and none at place {place} from 0.")
    candidate = answer.candidates[place]
    enrolled, _ = search.stored.features(torch.tensor([candidate.photograph]))
    if enrolled is None:
        raise InputError(f"The photograph {candidate.photograph} was removed from the gallery since.")
    with database.read() as session:
        thumbnail = session.scalar(select(Photograph.thumbnail).where(Photograph.id == candidate.photograph))
    settings = search.rerank
    found = explain(
        answer.features,
        enrolled,
        alpha=settings.fixed_alpha,
        weighting=settings.weighting,
        eps=settings.eps,
        stop=settings.stop,
        tolerance=settings.tolerance,
        grid=settings.grid,
    )
    return Evidence(candidate.person, found, answer.image, None if thumbnail is None else from_png(thumbnail))
