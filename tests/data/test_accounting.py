"""Every photograph is in exactly one count, and the counts add up to the rows of the manifest."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from fdemd.data.accounting import Account, Fates, QueryCounts, account, sentences_of_queries
from fdemd.data.aligned import NO_FACE, UNREADABLE, AlignedFaces, LeftOut
from fdemd.data.manifest import Manifest, Photograph


def made(rows: Sequence[tuple[str, str, str]], aside: Sequence[str] = (), several: Sequence[int] = ()) -> Account:
    """An account of rows ``(person, marked as, problem)``; every row is a photograph of its own."""
    photographs = tuple(
        Photograph(f"{row}.png", person, f"{row}.png", is_query="q" in marks, is_gallery="g" in marks)
        for row, (person, marks, _) in enumerate(rows)
    )
    left_out = tuple(LeftOut(row, problem, "") for row, (_, _, problem) in enumerate(rows) if problem)
    faces = AlignedFaces(np.zeros(0), np.zeros(0), left_out, tuple(several), "")
    return account(Manifest(Path("/x"), photographs), faces, aside=lambda each: each.identity in aside)


def test_each_row_has_one_fate() -> None:
    found = made([("ann", "qg", ""), ("ann", "qg", NO_FACE), ("bob", "g", UNREADABLE), ("cid", "q", "")])
    assert found.photographs == Fates(rows=4, used=2, no_face=1, unreadable=1, aside=0)
    assert found.queries == Fates(rows=3, used=2, no_face=1, unreadable=0, aside=0)
    assert found.gallery == Fates(rows=3, used=1, no_face=1, unreadable=1, aside=0)
    assert (found.people, found.people_used, found.asked) == (3, 2, 3)


@pytest.mark.parametrize("problem", ["", NO_FACE, UNREADABLE])
def test_what_a_run_has_no_use_for_is_set_aside_whatever_else_is_wrong_with_it(problem: str) -> None:
    found = made([("ann", "qg", ""), ("eve", "qg", problem)], aside=["eve"])
    assert found.photographs == Fates(rows=2, used=1, no_face=0, unreadable=0, aside=1)
    assert found.asked == 1


def test_several_faces_are_counted_among_the_used_only() -> None:
    assert made([("ann", "qg", ""), ("eve", "qg", "")], aside=["eve"], several=[0, 1]).several == 1


@pytest.mark.parametrize(("gallery", "twins"), [("qg", 2), ("q", 0)])
def test_twins_are_queries_whose_picture_is_in_the_gallery(gallery: str, twins: int) -> None:
    assert made([("ann", gallery, ""), ("bob", gallery, ""), ("bob", "g", "")]).twins == twins


def test_counts_that_do_not_add_up_are_no_counts() -> None:
    with pytest.raises(ValueError, match="does not add up"):
        Fates(rows=3, used=1, no_face=1, unreadable=0, aside=0)
    with pytest.raises(ValueError, match="does not add up"):
        QueryCounts(asked=3, averaged=1, missed=1, lone=0)


def test_the_sentence_names_every_count() -> None:
    found = made([("ann", "qg", ""), ("bob", "qg", NO_FACE), ("cid", "qg", UNREADABLE), ("dan", "qg", "")], ["dan"])
    assert found.sentence() == (
        "4 photographs of 4 people (3 of them without one that is used): 1 used, 1 without a face found, 1 unreadable, "
        "1 set aside; 0 other files. WARNING: more than 5% show no face that is found: try another data.detector, or, "
        "if they are faces that were cut out and aligned already, say so in the column aligned of a manifest "
        "(docs/manifests.md)."
    )


def test_kinds_with_the_same_numbers_share_a_sentence() -> None:
    counts = QueryCounts(10, 7, 1, 2)
    assert sentences_of_queries([("clean", counts), ("mask", counts), ("crop", QueryCounts(10, 10, 0, 0))]) == [
        "clean, mask: 8 of 10 queries are averaged, 1 of them without a face found (a miss); 2 are lone, without "
        "another photograph of the person in the gallery.",
        "crop: 10 of 10 queries are averaged.",
    ]
