"""Stages are told to those who observe, and to nobody else."""

import pytest

from fdemd.gallery.gallery import Gallery
from fdemd.gallery.stages import note, observed_by, stage
from tests.gallery.made_gallery import photograph


def test_stages_of_a_search(gallery: Gallery) -> None:
    gallery.enrol("Ann", photograph("Ann"))
    seen: dict[str, float] = {}
    with observed_by(seen.__setitem__):
        gallery.identify(photograph("Ann", shot=2))
    assert {"search", "second stage"} <= set(seen) and all(0 < seconds < 60 for seconds in seen.values())


def test_a_stage_that_fails_is_told_too() -> None:
    seen: list[str] = []
    with observed_by(lambda name, number: seen.append(name)), pytest.raises(ValueError), stage("search"):
        raise ValueError
    note("later", 1)
    assert seen == ["search"]
