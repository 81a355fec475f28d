"""Calibrations in the database, so that every process that opens a gallery has its thresholds at once."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict

import numpy as np
from sqlalchemy.orm import Session

from fdemd.gallery.pin import Pin
from fdemd.gallery.schema import KeptCalibration
from fdemd.gallery.threshold import Calibration
from fdemd.settings.ranking import EmdRerank

_MEASURED_BY = 1
"""Number of the way of measuring; calibrations of another are not taken."""


def scale_of(pin: Pin, rerank: EmdRerank | None) -> str:
    """Return the name of what makes the scores: only those of one network and one second stage can be compared.

    Args:
        pin: What the gallery is pinned to.
        rerank: The second stage; None if the cosine decides.
    """
    settings = None if rerank is None else rerank.model_dump(mode="json", exclude={"engine"})
    return hashlib.sha256(json.dumps([_MEASURED_BY, asdict(pin), settings], sort_keys=True).encode()).hexdigest()


def find_calibration(session: Session, kind: str, scale: str) -> tuple[Calibration, int] | None:
    """Return a kept calibration and the number of people it was measured in; None if there is none.

    Args:
        session: A transaction.
        kind: What is worn, a name in :data:`fdemd.gallery.occlusions.KINDS`.
        scale: What :func:`scale_of` returns.
    """
    found = session.get(KeptCalibration, (kind, scale))
    if found is None:
        return None
    return Calibration(np.frombuffer(found.scores, "<f8").astype(np.float64), found.compared), found.people


def keep_calibration(session: Session, kind: str, scale: str, calibration: Calibration, people: int) -> None:
    """Keep a calibration in place of an older one.

    Args:
        session: A write transaction.
        kind: What is worn.
        scale: What :func:`scale_of` returns.
        calibration: The scores.
        people: Number of people in the gallery when it was measured.
    """
    scores = calibration.scores.astype("<f8").tobytes()
    session.merge(KeptCalibration(kind=kind, scale=scale, people=people, compared=calibration.people, scores=scores))
