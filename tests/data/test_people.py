"""Who is trained on and who is held out."""

from pathlib import Path

import pytest

from fdemd.data.manifest import Manifest, Photograph
from fdemd.data.people import split_people
from fdemd.errors import InputError


def manifest(people: int = 6, photographs: int = 3, copies: bool = False, split: str = "") -> Manifest:
    rows = [
        Photograph(f"p{person}/{number}.jpg", f"p{person}", f"p{person}/{number}.jpg", split)
        for person in range(people)
        for number in range(photographs)
    ]
    if copies:
        rows += [
            Photograph(f"mask/{row.path}", row.identity, row.path, split, is_gallery=False, aligned="dlib")
            for row in rows
        ]
    return Manifest(Path("root"), tuple(rows))


def identities(part: Manifest | None) -> set[str]:
    return {row.identity for row in part.photographs} if part else set()


def test_nobody_is_in_both_parts_and_nobody_is_lost() -> None:
    training, validation = split_people(manifest(), people=2, seed=0)
    assert len(identities(validation)) == 2
    assert identities(training) | identities(validation) == {f"p{number}" for number in range(6)}
    assert not identities(training) & identities(validation)


def test_the_seed_decides_who_is_drawn() -> None:
    draws = [frozenset(identities(split_people(manifest(20), 3, seed)[1])) for seed in (0, 0, 1, 2)]
    assert draws[0] == draws[1]
    assert len(set(draws)) > 1


def test_nobody_is_drawn_if_nobody_is_asked_for() -> None:
    training, validation = split_people(manifest(), people=0, seed=0)
    assert validation is None
    assert training == manifest()


def test_copies_are_trained_on_but_not_validated_with() -> None:
    """A held-out query is occluded on the fly, so that its gallery is the same for every kind."""
    training, validation = split_people(manifest(copies=True), people=2, seed=0)
    assert len(training) == 4 * 3 * 2
    assert validation is not None
    assert len(validation) == 2 * 3
    assert all(row.is_query and row.is_gallery for row in validation.photographs)


def test_a_split_column_decides_by_itself() -> None:
    rows = (
        *manifest(2, split="train").photographs,
        *(Photograph(f"v{n}/{i}.jpg", f"v{n}", f"v{n}/{i}.jpg", "validation") for n in range(2) for i in range(2)),
        *(Photograph(f"t{n}/{i}.jpg", f"t{n}", f"t{n}/{i}.jpg", "test") for n in range(2) for i in range(2)),
    )
    training, validation = split_people(Manifest(Path("root"), rows), people=1, seed=0)
    assert identities(training) == {"p0", "p1"}
    assert identities(validation) == {"v0", "v1"}


def test_people_with_one_photograph_are_not_drawn() -> None:
    lonely = tuple(Photograph(f"one{n}.jpg", f"one{n}", f"one{n}.jpg") for n in range(5))
    both = Manifest(Path("root"), manifest(4).photographs + lonely)
    _, validation = split_people(both, people=2, seed=0)
    assert all(name.startswith("p") for name in identities(validation))


@pytest.mark.parametrize(
    ("rows", "people", "sentence"),
    [
        (manifest(), 5, "has only 6 people with two photographs or more to draw from, and two must be left"),
        (manifest(split="dev"), 1, "has the split 'dev'; to train, it must be one of train, validation, test or empty"),
        (manifest(1), 0, "has photographs of one person only"),
        (
            Manifest(
                Path("root"),
                (*manifest().photographs, Photograph("p0/9.jpg", "p0", "p0/9.jpg", "test")),
            ),
            0,
            "p0 of root is in the splits '' and 'test'",
        ),
    ],
)
def test_what_cannot_be_split_is_told(rows: Manifest, people: int, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        split_people(rows, people, seed=0)
