"""What the gate refuses and what it warns of, each rule at its number."""

from dataclasses import replace

import pytest

from fdemd.gallery.faces import SeenFace
from fdemd.gallery.gate import COVERED, LEAST_SHARP, NEAR_DUPLICATE, SMALLEST, Likeness, check_faces, check_likeness
from tests.gallery.made_gallery import MadeReader, photograph


def faces(*people: str, **how: float) -> tuple[SeenFace, ...]:
    return MadeReader().read(photograph(*people, **how)).faces  # type: ignore[arg-type]


def rules(*people: str, chosen: int | None = None, **how: float) -> dict[str, bool]:
    return {each.rule: each.refuses for each in check_faces(faces(*people, **how), chosen)}


def test_a_good_face_passes() -> None:
    assert rules("Ann") == {}


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ({"side": SMALLEST - 1}, {"too small": True}),
        ({"side": SMALLEST}, {}),
        ({"sharpness": LEAST_SHARP - 1}, {"blurred": True}),
        ({"sharpness": LEAST_SHARP}, {}),
    ],
)
def test_small_and_blurred_faces_are_refused(how: dict[str, float], expected: dict[str, bool]) -> None:
    assert rules("Ann", **how) == expected


def test_covered_faces_are_refused() -> None:
    (face,) = faces("Ann")
    for share, expected in ((COVERED, {"covered": True}), (COVERED - 0.01, {})):
        seen = replace(face, conditions={"clean": 1 - share, "below": share - 0.1, "other": 0.1})
        found = check_faces([seen], None)
        assert {each.rule: each.refuses for each in found} == expected
    (finding,) = check_faces([replace(face, conditions={"above": 0.97})], None)
    assert (
        finding.sentence == "its face is covered, by a mask, sunglasses or something else, with a probability of 97 %"
    )


def test_of_two_large_faces_one_has_to_be_chosen() -> None:
    assert rules("Ann", "Bob") == {"several faces": True}
    assert rules("Ann", "Bob", chosen=1, side=200) == {}


def test_whoever_passes_by_is_only_mentioned() -> None:
    first, second = faces("Ann", "Bob")
    small = SeenFace((0, 0, 49, 60), second.image, second.sharpness, second.features)
    assert {each.rule: each.refuses for each in check_faces([first, small], None)} == {"bystanders": False}


@pytest.mark.parametrize(
    ("likeness", "expected"),
    [
        (Likeness(), {}),
        (Likeness(own=0.6, own_rate=0.001), {}),
        (Likeness(own=0.97, own_distance=NEAR_DUPLICATE), {"near duplicate": False}),
        (Likeness(own=0.1, own_rate=0.3), {"unlike": True}),
        (Likeness(other=0.6, other_rate=0.001, other_name="Bob"), {"lookalike": True}),
        (Likeness(other=0.3, other_rate=0.2, other_name="Bob"), {}),
        (Likeness(own=0.8, own_rate=0.0, other=0.6, other_rate=0.001, other_name="Bob"), {}),
        (Likeness(own=0.5, own_rate=0.0, other=0.6, other_rate=0.001, other_name="Bob"), {"lookalike": True}),
    ],
)
def test_likeness(likeness: Likeness, expected: dict[str, bool]) -> None:
    found = check_likeness(likeness, 0.01)
    assert {each.rule: each.refuses for each in found} == expected
    assert all(each.sentence for each in found)
