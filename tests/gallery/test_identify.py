"""Decisions over the faces of one photograph, from given scores."""

from collections.abc import Sequence

import numpy as np
import pytest
import torch

from fdemd.gallery.identification import Identification
from fdemd.gallery.identify import decide
from fdemd.gallery.index import Snapshot
from fdemd.gallery.search import Match
from fdemd.gallery.threshold import Calibration
from tests.gallery.made_gallery import MadeReader, photograph

STRANGERS = Calibration.of(np.random.default_rng(0).normal(0.3, 0.05, 1000), people=3)
NAMES = {1: "Ann", 2: "Bob", 3: "Cem"}


MASKED = Calibration.of(STRANGERS.scores - 0.2, people=3)


def decided(*scores: dict[str, float], worn: Sequence[str] = ()) -> Sequence[Identification]:
    """What is decided for faces with these scores of these people, who wear nothing unless it is said."""
    faces = MadeReader().read(photograph(*"abcdef"[: len(scores)])).faces
    number = {name: number for number, name in NAMES.items()}
    found = [
        sorted((Match(number[name], number[name], s, s, None) for name, s in each.items()), key=lambda m: -m.score)
        for each in scores
    ]
    snapshot = Snapshot(1, torch.zeros(3, 1), torch.arange(3), torch.tensor([1, 2, 3]), NAMES)
    kinds = worn or ["clean"] * len(faces)
    return decide(faces, found, snapshot, kinds, {"clean": STRANGERS, "mask": MASKED}, 0.01, {1: "ann.jpg"}, 2)


def test_a_clear_lead_above_the_threshold_is_a_name() -> None:
    (answer,) = decided({"Ann": 0.8, "Bob": 0.2, "Cem": 0.1})
    assert (answer.person, answer.decision, answer.score) == ("Ann", "known", 0.8)
    assert answer.rate < 0.01 < 0.5 and answer.fpir == 0.01
    assert [(each.person, each.path) for each in answer.candidates] == [("Ann", "ann.jpg"), ("Bob", None)]
    assert answer.plain()["candidates"][0]["person"] == "Ann"


def test_below_the_threshold_nobody_is_named_but_the_most_alike_is_told() -> None:
    (answer,) = decided({"Ann": 0.35, "Bob": 0.2})
    assert (answer.person, answer.decision) == (None, "unknown")
    assert answer.sentence.startswith("Unknown: most like Ann, but 1")


def test_a_small_lead_is_too_close_to_tell() -> None:
    (answer,) = decided({"Ann": 0.8, "Bob": 0.8 - STRANGERS.spread / 2})
    assert (answer.person, answer.decision) == (None, "ambiguous")
    assert answer.sentence == "Ann or Bob: too close to tell."


def test_a_rival_who_is_on_the_photograph_himself_is_none() -> None:
    first, second = decided({"Ann": 0.80, "Bob": 0.79}, {"Bob": 0.9, "Ann": 0.3})
    assert (first.person, second.person) == ("Ann", "Bob")


def test_the_face_that_is_less_alike_goes_without() -> None:
    first, second = decided({"Ann": 0.7}, {"Ann": 0.9, "Bob": 0.1})
    assert (first.person, second.person) == (None, "Ann")
    assert first.sentence == "Unknown: most like Ann, who is on the photograph already."
    assert first.candidates[0].person == "Ann"


def test_nobody_at_all() -> None:
    (answer,) = decided({})
    assert (answer.person, answer.decision, answer.rate, answer.candidates) == (None, "unknown", 1.0, [])
    assert answer.plain()["score"] is None


def test_each_face_has_the_threshold_of_what_it_wears() -> None:
    first, second = decided({"Ann": 0.4, "Bob": 0.1}, {"Cem": 0.4, "Bob": 0.1}, worn=["clean", "mask"])
    assert (first.person, first.worn) == (None, "clean")
    assert (second.person, second.worn) == ("Cem", "mask")
    assert second.threshold == pytest.approx(first.threshold - 0.2)
    assert second.rate < 0.01 < first.rate
    assert second.sentence.startswith("Cem, with the face covered below the eyes: ")
