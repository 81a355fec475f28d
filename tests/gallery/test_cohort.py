"""The strangers that a gallery comes with."""

from pathlib import Path

import pytest
import torch
from sqlalchemy import select

from fdemd.errors import InputError
from fdemd.gallery.cohort import built_in_people, read_cohort, see_strangers, store_cohort
from fdemd.gallery.database import Database
from fdemd.gallery.schema import CohortFace
from tests.gallery.made_gallery import PIN, MadeReader, photograph


def test_the_built_in_one_is_installed() -> None:
    people = built_in_people()
    assert len(people) == 40
    assert all(isinstance(path, Path) and path.is_file() for person in people for path in person)


def test_what_is_stored_is_read_again(tmp_path: Path) -> None:
    database, reader = Database(tmp_path / "people.db"), MadeReader()
    people = [[photograph(f"{number}", shot=shot) for shot in (0, 1)] for number in range(9)] + [
        [photograph("x"), photograph()]
    ]
    with database.write() as session:
        store_cohort(session, see_strangers(reader, people))  # type: ignore[arg-type]
    with database.read() as session:
        cohort = read_cohort(session, PIN)
    assert len(cohort) == 19 == len(cohort.images)
    assert cohort.people.tolist() == [*(number for number in range(9) for _ in (0, 1)), 9]
    expected = reader.read(people[3][1]).faces[0]
    found = cohort.features[7]
    torch.testing.assert_close(found.embedding[0], torch.nn.functional.normalize(expected.features.embedding[0], dim=0))
    assert torch.equal(found.patches, expected.features.patches) and found.grid == expected.features.grid
    assert (cohort.images[7] == expected.image).all()


def test_two_faces_of_each_are_enough(tmp_path: Path) -> None:
    database = Database(tmp_path / "people.db")
    with database.write() as session:
        people = [[photograph(f"{number}", shot=shot) for shot in range(4)] for number in range(10)]
        store_cohort(session, see_strangers(MadeReader(), people))  # type: ignore[arg-type]
    with database.read() as session:
        assert len(read_cohort(session, PIN)) == 20


def test_too_few_strangers_are_refused_and_not_kept(tmp_path: Path) -> None:
    database = Database(tmp_path / "people.db")
    people = [[photograph(f"{number}")] for number in range(9)] + [[photograph()]] * 5
    with (
        pytest.raises(InputError, match="needs 10 strangers or more, and a face was found of 9"),
        database.write() as session,
    ):
        store_cohort(session, see_strangers(MadeReader(), people))  # type: ignore[arg-type]
    with database.read() as session:
        assert session.scalars(select(CohortFace)).all() == []
