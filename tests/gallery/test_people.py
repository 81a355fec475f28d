"""Rows of people: merged, removed, and never without their entry in the log."""

import pytest
from sqlalchemy import func, select

from fdemd.errors import InputError
from fdemd.gallery.gallery import Gallery
from fdemd.gallery.people import number_of, paths_of, without_patches
from fdemd.gallery.schema import Change, Patches, Photograph
from tests.gallery.made_gallery import photograph


def test_merging_keeps_a_photograph_of_both_once(gallery: Gallery) -> None:
    both = photograph("Ann", shot=1)
    gallery.enrol("Ann", [both, photograph("Ann", shot=2)])
    gallery.enrol("Anna", both, force=True)
    assert gallery.merge("Anna", "Ann") == 0
    (person,) = gallery.people()
    assert (person.name, len(person.photographs)) == ("Ann", 2)


def test_one_person_cannot_be_merged_with_herself(gallery: Gallery) -> None:
    gallery.enrol("Ann", photograph("Ann"))
    with pytest.raises(InputError, match="Two people are needed"):
        gallery.merge("Ann", " Ann ")


def test_a_removal_takes_everything_along(gallery: Gallery) -> None:
    gallery.enrol("Ann", [photograph("Ann", shot=shot) for shot in (1, 2)])
    gallery.enrol("Bob", photograph("Bob"))
    assert gallery.remove("Ann").photographs == 2
    with gallery._database.read() as session:
        assert session.scalar(select(func.count(Photograph.id))) == 1
        assert session.scalar(select(func.count()).select_from(Patches)) == 1
        actions = session.scalars(select(Change.action).order_by(Change.id)).all()
        assert actions == ["enrolled", "enrolled", "enrolled", "removed"]
        assert without_patches(session) == []
        assert paths_of(session, [1, 3]) == {3: None}


def test_numbers_are_not_given_again(gallery: Gallery) -> None:
    gallery.enrol("Ann", photograph("Ann"))
    first = gallery.people()[0].photographs[0].number
    gallery.remove("Ann")
    gallery.enrol("Bob", photograph("Bob"))
    assert gallery.people()[0].photographs[0].number > first


def test_a_name_that_nobody_has(gallery: Gallery) -> None:
    with gallery._database.read() as session, pytest.raises(InputError, match="the gallery is empty"):
        number_of(session, "Ann")
    for number in range(22):
        gallery.enrol(f"person {number:02}", photograph(f"{number}"))
    with gallery._database.read() as session, pytest.raises(InputError, match="the gallery's list has all names"):
        number_of(session, "Ann")
