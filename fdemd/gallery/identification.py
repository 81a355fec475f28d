"""Answers: who is on a photograph, how sure that is, and what it rests on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from fdemd.features import Features
from fdemd.gallery.threshold import in_words

KNOWN, UNKNOWN, AMBIGUOUS = "known", "unknown", "ambiguous"


@dataclass(frozen=True)
class Candidate:
    """Somebody whom a face may be of.

    Attributes:
        person: Name.
        score: What decides, see :class:`Identification`.
        cosine: Score of the first stage.
        emd: Earth Mover's similarity of the second; None without it.
        rate: Share of strangers who find somebody as much alike in this gallery.
        photograph: Number of the enrolled photograph that is most alike.
        path: Its file, if the gallery knows it.
        person_id: Number of the person.
    """

    person: str
    score: float
    cosine: float
    emd: float | None
    rate: float
    photograph: int
    path: str | None
    person_id: int


@dataclass(frozen=True)
class Identification:
    """Who one face of a photograph is.

    Attributes:
        box: Left, top, right and bottom of the face in pixels of the photograph.
        person: Name of the person; None unless the decision is ``known``.
        decision: ``known``; ``unknown``, if nobody reaches the threshold or whoever does is on the photograph already
            with a face that is more alike; or ``ambiguous``, if the second person is less than a standard deviation of
            strangers' scores behind the first.
        score: Of the person, or of the best candidate: the mixed score of both stages, or the cosine where the gallery
            keeps no patches; minus infinity without candidates.
        threshold: Score from which on somebody gets a name, for the rate ``fpir``.
        rate: Share of strangers who find somebody as much alike in this gallery, in [0, 1].
        fpir: Rate that was asked for.
        worn: What the face wears, by which the threshold was chosen, see :meth:`fdemd.Gallery.identify`.
        candidates: The people who are most alike, best first.
        sentence: All of it in words.
        image: The aligned face ``(H, W, 3)``, uint8 RGB.
        features: Its features, as :func:`fdemd.explain` takes them.
    """

    box: tuple[float, float, float, float]
    person: str | None
    decision: str
    score: float
    threshold: float
    rate: float
    fpir: float
    worn: str
    candidates: Sequence[Candidate]
    sentence: str
    image: np.ndarray = field(repr=False, compare=False)
    features: Features = field(repr=False, compare=False)

    def plain(self) -> dict[str, Any]:
        """Return the answer as plain values, for JSON; nothing of the face itself is in it."""
        return {
            "box": [round(side, 1) for side in self.box],
            "person": self.person,
            "decision": self.decision,
            "score": _finite(self.score),
            "threshold": self.threshold,
            "rate": self.rate,
            "fpir": self.fpir,
            "worn": self.worn,
            "sentence": self.sentence,
            "candidates": [vars(candidate) for candidate in self.candidates],
        }


@dataclass(frozen=True)
class Verification:
    """Whether two photographs are of one person.

    Attributes:
        same: Whether the cosine reaches the threshold.
        cosine: Of the most prominent faces.
        threshold: For the rate ``fmr``.
        rate: Share of pairs of strangers who are as much alike.
        fmr: Rate of pairs of strangers (false match rate) that was asked for.
    """

    same: bool
    cosine: float
    threshold: float
    rate: float
    fmr: float


_LOOKS = {
    "mask": ", with the face covered below the eyes",
    "sunglass": ", with the eyes covered",
    "crop": ", with the face cut off",
}
"""What is worn -> how an answer tells it."""


def told(decision: str, candidates: Sequence[Candidate], taken: bool, smallest: float, worn: str) -> str:
    """Return a decision in words.

    Args:
        decision: ``known``, ``unknown`` or ``ambiguous``.
        candidates: The people who are most alike, best first; for ``known`` the person is the first.
        taken: Whether the best of them is on the photograph already.
        smallest: The smallest rate that is told.
        worn: What the face wears, or ``clean``.

    Examples:
        >>> ann = Candidate("Ann", 0.8, 0.8, None, 0.001, 1, None, 1)
        >>> told("known", [ann], False, 1e-5, "clean")
        'Ann: 1 stranger in 1,000 looks as much alike.'
        >>> told("known", [ann], False, 1e-5, "mask")
        'Ann, with the face covered below the eyes: 1 stranger in 1,000 looks as much alike.'
    """
    looks = _LOOKS.get(worn, "")
    if not candidates:
        return f"Unknown{looks}: nobody is enrolled."
    first = candidates[0]
    words = in_words(first.rate, smallest)
    if decision == KNOWN:
        return f"{first.person}{looks}: {words}."
    if decision == AMBIGUOUS:
        return f"{first.person} or {candidates[1].person}{looks}: too close to tell."
    if taken:
        return f"Unknown{looks}: most like {first.person}, who is on the photograph already."
    return f"Unknown{looks}: most like {first.person}, but {words}."


def _finite(score: float) -> float | None:
    return score if np.isfinite(score) else None
