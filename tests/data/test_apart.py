"""Nobody of a cohort is in the test: no name, no file, no copy of one, and nothing that was made from one."""

from pathlib import Path

import pytest

from fdemd.data.apart import check_apart, draw_people, pictures_of
from fdemd.data.manifest import Manifest, Photograph
from fdemd.errors import InputError


def manifest_in(root: Path, **identity_of: str) -> Manifest:
    """A manifest of files with contents of their own: name -> person."""
    root.mkdir(exist_ok=True)
    for name in identity_of:
        (root / name).write_text(f"{root.name}/{name}")
    return Manifest(root, tuple(Photograph(name, person, name) for name, person in identity_of.items()))


def apart(cohort: Manifest, tested: Manifest) -> None:
    people = {photograph.identity for photograph in cohort.photographs}
    pictures = pictures_of(cohort, cohort.photographs)
    check_apart("The cohort", people, pictures, tested, tested.photographs, cohort)


def test_other_people_and_other_photographs_are_fine(tmp_path: Path) -> None:
    apart(manifest_in(tmp_path / "a", x="Ann", y="Bob"), manifest_in(tmp_path / "b", x="Cid", y="Dot"))


def test_people_of_the_test_are_named(tmp_path: Path) -> None:
    cohort = manifest_in(tmp_path / "a", v="Ann", w="Bob", x="Cid", y="Dot", z="Eve")
    tested = manifest_in(tmp_path / "b", v="Ann", w="Bob", x="Cid", y="Dot", z="Fay")
    with pytest.raises(InputError, match=r"people who are in the test: Ann, Bob, Cid and 1 more; it must be of others"):
        apart(cohort, tested)


def test_the_same_file_under_another_name_is_found(tmp_path: Path) -> None:
    tested = manifest_in(tmp_path / "b", x="Cid", y="Dot")
    (tmp_path / "link").symlink_to(tested.root)
    cohort = Manifest(tmp_path / "link", (Photograph("y", "Ann", "y"),))
    with pytest.raises(InputError, match="has y, which is the photograph y of the test"):
        apart(cohort, tested)


def test_a_copy_under_another_name_is_found(tmp_path: Path) -> None:
    cohort, tested = manifest_in(tmp_path / "a", x="Ann", y="Bob"), manifest_in(tmp_path / "b", w="Cid", z="Dot")
    (cohort.root / "y").write_bytes((tested.root / "z").read_bytes())
    with pytest.raises(InputError, match="has y, which is the photograph z of the test"):
        apart(cohort, tested)


def test_what_was_made_from_a_photograph_of_the_test_is_found(tmp_path: Path) -> None:
    tested = manifest_in(tmp_path / "b", x="Cid", y="Dot")
    cohort = Manifest(tested.root, (Photograph("masked", "Ann", "y"),))
    with pytest.raises(InputError, match="has masked, which is the photograph y of the test"):
        apart(cohort, tested)


def test_an_unreadable_file_is_no_picture(tmp_path: Path) -> None:
    tested = manifest_in(tmp_path / "b", x="Cid", y="Dot")
    (tested.root / "x").unlink()
    assert list(pictures_of(tested, tested.photographs).values()) == ["y"]


def test_people_are_drawn_by_the_seed_from_the_gallery(tmp_path: Path) -> None:
    everyone = tuple(Photograph(f"{n}", f"P{n}", f"{n}", is_gallery=n < 8) for n in range(12))
    manifest = Manifest(tmp_path, everyone)
    drawn = draw_people(manifest, 5, 0)
    assert len(drawn) == 5
    assert drawn <= {f"P{n}" for n in range(8)}
    assert drawn == draw_people(manifest, 5, 0)
    assert drawn != draw_people(manifest, 5, 1)


@pytest.mark.parametrize(("count", "complaint"), [(1, "two people at least"), (7, "has 8 people in the gallery")])
def test_too_few_people_are_told(tmp_path: Path, count: int, complaint: str) -> None:
    manifest = Manifest(tmp_path, tuple(Photograph(f"{n}", f"P{n}", f"{n}") for n in range(8)))
    with pytest.raises(InputError, match=complaint):
        draw_people(manifest, count, 0)
