"""Thresholds that were measured once serve every process that opens the gallery."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from sqlalchemy import select

from fdemd.gallery.calibrate import Thresholds
from fdemd.gallery.gallery import Gallery
from fdemd.gallery.kept_calibrations import find_calibration, keep_calibration, scale_of
from fdemd.gallery.refusals import UnavailableError
from fdemd.gallery.schema import KeptCalibration
from fdemd.gallery.threshold import Calibration
from fdemd.settings.ranking import EmdRerank
from tests.gallery.made_gallery import PIN, photograph
from tests.gallery.test_moving import OtherReader, moved

Opened = Callable[[str], Gallery]


def measures(patch: pytest.MonkeyPatch) -> list[str]:
    """Note what is measured from now on."""
    kinds, measure = [], Thresholds.measure

    def noted(self: Thresholds, snapshot: Any, kind: str = "clean") -> Calibration:
        kinds.append(kind)
        return measure(self, snapshot, kind)

    patch.setattr(Thresholds, "measure", noted)
    return kinds


def test_what_is_kept_is_found_as_it_was(where: str, opened: Opened) -> None:
    database = opened(where).database
    first, second = (
        Calibration.of(np.random.default_rng(seed).normal(size=50), people) for seed, people in ((0, 9), (1, 7))
    )
    for calibration, people in ((first, 10), (second, 8)):
        with database.write() as session:
            keep_calibration(session, "mask", "a scale", calibration, people)
    with database.read() as session:
        assert find_calibration(session, "clean", "a scale") is find_calibration(session, "mask", "another") is None
        found, people = find_calibration(session, "mask", "a scale") or pytest.fail("nothing was kept")
    assert (found.scores.tolist(), found.people, people) == (second.scores.tolist(), 7, 8)


def test_a_second_process_has_the_thresholds_of_the_first(
    where: str, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = opened(where)
    one.enrol("Ann", photograph("Ann"))
    expected = [one.threshold(0.01, kind) for kind in ("clean", "mask")]
    other, kinds = opened(where), measures(monkeypatch)
    assert [other.threshold(0.01, kind) for kind in ("clean", "mask")] == expected
    assert kinds == []
    other.enrol("Bob", photograph("Bob"))
    assert other.threshold(0.01) != expected[0]
    assert kinds == ["clean"]  # twice the people
    assert one.threshold(0.01) == other.threshold(0.01)
    assert kinds == ["clean"]


def test_scores_of_another_network_or_second_stage_are_not_taken() -> None:
    scales = {
        scale_of(PIN, None),
        scale_of(PIN, EmdRerank(alpha=0.3)),
        scale_of(PIN, EmdRerank(alpha=0.5)),
        scale_of(replace(PIN, fingerprint="other"), None),
    }
    assert len(scales) == 4
    assert scale_of(PIN, EmdRerank(engine="cpu")) == scale_of(PIN, EmdRerank(engine="reference"))


def test_none_is_left_once_the_gallery_is_moved(where: str, opened: Opened) -> None:
    gallery = opened(where)
    gallery.enrol("Ann", photograph("Ann"))
    gallery.threshold()
    moved(where, OtherReader())
    with gallery.database.read() as session:
        assert session.scalars(select(KeptCalibration)).all() == []


def test_a_database_that_is_written_by_another_hinders_no_answer(
    where: str, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    gallery = opened(where)

    def busy() -> None:
        raise UnavailableError("Another process has been writing.")

    monkeypatch.setattr(gallery.database, "write", busy)
    assert gallery.threshold(0.1) == gallery.threshold(0.1) > 0
