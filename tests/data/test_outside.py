"""Who is taken out of the gallery: some of the people with query photographs, drawn by the seed."""

from pathlib import Path

import pytest
import torch

from fdemd.data.manifest import Manifest, Photograph
from fdemd.data.outside import inside, people_outside
from fdemd.errors import InputError


def manifest(people: int, distractors: int = 0) -> Manifest:
    """Two query photographs a person, and people who are in the gallery only."""
    queries = [Photograph(f"{who}/{n}.png", f"person {who}", f"{who}/{n}.png") for who in range(people) for n in (1, 2)]
    others = [
        Photograph(f"d{who}.png", f"distractor {who}", f"d{who}.png", is_query=False) for who in range(distractors)
    ]
    return Manifest(Path("faces"), (*queries, *others))


@pytest.mark.parametrize(("share", "count"), [(0.5, 5), (0.3, 3), (0.01, 1), (0.99, 9)])
def test_a_share_of_those_with_queries_and_never_nobody_or_everybody(share: float, count: int) -> None:
    outside = people_outside(manifest(10, distractors=20), share, seed=0)
    assert len(outside) == count
    assert all(name.startswith("person") for name in outside)


def test_the_seed_decides_and_the_order_of_the_photographs_does_not() -> None:
    some = manifest(20)
    backwards = Manifest(some.root, some.photographs[::-1])
    assert people_outside(some, 0.5, seed=1) == people_outside(backwards, 0.5, seed=1)
    assert people_outside(some, 0.5, seed=1) != people_outside(some, 0.5, seed=2)


@pytest.mark.parametrize("share", [0, 1, 1.5, -0.5, float("nan")])
def test_a_share_that_leaves_nobody_inside_or_outside_is_refused(share: float) -> None:
    with pytest.raises(InputError, match=r"open_set\.outside"):
        people_outside(manifest(4), share, seed=0)


def test_one_person_is_no_open_set() -> None:
    with pytest.raises(InputError, match="two people"):
        people_outside(manifest(1, distractors=3), 0.5, seed=0)


def test_rows_are_told_apart_by_their_person() -> None:
    assert inside(manifest(3), torch.tensor([5, 0, 2]), frozenset({"person 1"})).tolist() == [True, True, False]
    assert inside(manifest(3), torch.tensor([], dtype=torch.long), frozenset()).tolist() == []
