"""The decision over all faces of one photograph: each a person, nobody, or too close to tell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from fdemd.gallery.assignment import assign
from fdemd.gallery.faces import SeenFace
from fdemd.gallery.identification import AMBIGUOUS, KNOWN, UNKNOWN, Candidate, Identification, told
from fdemd.gallery.index import Snapshot
from fdemd.gallery.search import Match
from fdemd.gallery.threshold import Calibration


def decide(
    faces: Sequence[SeenFace],
    found: Sequence[Sequence[Match]],
    snapshot: Snapshot,
    worn: Sequence[str],
    calibrations: Mapping[str, Calibration],
    fpir: float,
    paths: Mapping[int, str | None],
    shown: int,
) -> list[Identification]:
    """Say who the faces of one photograph are.

    Args:
        faces: The faces.
        found: For each face the people who are most alike, best first.
        snapshot: The gallery that was searched.
        worn: What each face wears, a name in :data:`fdemd.gallery.occlusions.KINDS`.
        calibrations: What is worn -> scores of strangers in the gallery who wear it.
        fpir: Rate of strangers who may get a name.
        paths: Number of an enrolled photograph -> its file.
        shown: Candidates that each answer has at most.

    Raises:
        InputError: The rate is out of range, or too small for these scores.
    """
    people = max(snapshot.size, 1)
    thresholds = {kind: calibration.threshold(fpir, people) for kind, calibration in calibrations.items()}
    columns = sorted({match.person for matches in found for match in matches})
    scores = np.full((len(faces), len(columns)), -np.inf)
    for row, matches in enumerate(found):
        for match in matches:
            scores[row, columns.index(match.person)] = match.score
    chosen = assign(scores, np.array([thresholds[kind] for kind in worn]))
    taken = {columns[column] for column in chosen if column is not None}
    answers = []
    for face, matches, kind, column in zip(faces, found, worn, chosen, strict=True):
        calibration, threshold = calibrations[kind], thresholds[kind]
        person = None if column is None else columns[column]
        # A person who is on the photograph with another face is no rival of this one's.
        rivals = [match for match in matches if match.person == person or match.person not in taken]
        decision = _decision(rivals, person, calibration.spread)
        first = rivals if decision != UNKNOWN else matches
        candidates = [
            Candidate(
                snapshot.names.get(match.person, ""),
                match.score,
                match.cosine,
                match.emd,
                calibration.rate(match.score, people),
                match.photograph,
                paths.get(match.photograph),
                match.person,
            )
            for match in first[: max(shown, 2)]
        ]
        blocked = decision == UNKNOWN and bool(matches) and matches[0].score >= threshold
        smallest = calibration.rate(np.inf, people)
        answers.append(
            Identification(
                face.box,
                candidates[0].person if decision == KNOWN else None,
                decision,
                candidates[0].score if candidates else -np.inf,
                threshold,
                candidates[0].rate if candidates else 1.0,
                fpir,
                kind,
                candidates[:shown],
                told(decision, candidates, blocked, smallest, kind),
                face.image,
                face.features,
            )
        )
    return answers


def _decision(rivals: Sequence[Match], person: int | None, spread: float) -> str:
    """Tell whether the person who was given to a face leads far enough; ``rivals`` are who may be on it, best first."""
    if person is None:
        return UNKNOWN
    return AMBIGUOUS if len(rivals) > 1 and rivals[0].score - rivals[1].score <= spread else KNOWN
