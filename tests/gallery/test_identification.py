"""Answers in words and as plain values."""

import json

import pytest

from fdemd.gallery.identification import Candidate, Identification, told
from tests.gallery.made_gallery import MadeReader, photograph

ANN, BOB = (Candidate(name, 0.8, 0.8, None, 0.02, number, None, number) for number, name in enumerate(("Ann", "Bob")))


@pytest.mark.parametrize(
    ("decision", "candidates", "taken", "words"),
    [
        ("known", [ANN, BOB], False, "Ann: 1 stranger in 50 looks as much alike."),
        ("ambiguous", [ANN, BOB], False, "Ann or Bob: too close to tell."),
        ("unknown", [ANN], False, "Unknown: most like Ann, but 1 stranger in 50 looks as much alike."),
        ("unknown", [ANN], True, "Unknown: most like Ann, who is on the photograph already."),
        ("unknown", [], False, "Unknown: nobody is enrolled."),
    ],
)
def test_in_words(decision: str, candidates: list[Candidate], taken: bool, words: str) -> None:
    assert told(decision, candidates, taken, 1e-5, "clean") == words


@pytest.mark.parametrize(
    ("decision", "candidates", "words"),
    [
        ("known", [ANN, BOB], "Ann, with the eyes covered: 1 stranger in 50 looks as much alike."),
        ("ambiguous", [ANN, BOB], "Ann or Bob, with the eyes covered: too close to tell."),
        ("unknown", [ANN], "Unknown, with the eyes covered: most like Ann, but 1 stranger in 50 looks as much alike."),
        ("unknown", [], "Unknown, with the eyes covered: nobody is enrolled."),
    ],
)
def test_what_is_worn_is_said(decision: str, candidates: list[Candidate], words: str) -> None:
    assert told(decision, candidates, False, 1e-5, "sunglass") == words


def test_plain_values_have_nothing_of_the_face() -> None:
    face = MadeReader().read(photograph("Ann")).faces[0]
    answer = Identification(
        (1.26, 2, 3, 4), "Ann", "known", 0.8, 0.4, 0.02, 0.01, "mask", [ANN], "words", face.image, face.features
    )
    plain = json.loads(json.dumps(answer.plain()))
    assert plain["worn"] == "mask"
    assert plain["box"] == [1.3, 2, 3, 4] and plain["candidates"][0]["person"] == "Ann"
    assert not {"image", "features"} & set(plain)
    assert "image" not in repr(answer)
