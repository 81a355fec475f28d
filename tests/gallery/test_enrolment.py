"""One photograph: what becomes of it, and that nothing of a refused one is stored."""

import os
from pathlib import Path

import pytest

from fdemd.gallery.gallery import Gallery
from tests.gallery.made_gallery import photograph


def statuses(gallery: Gallery, person: str, *contents: bytes, **how: object) -> list[tuple[str, list[str]]]:
    done = gallery.enrol(person, list(contents), **how)  # type: ignore[arg-type]
    return [(each.status, [finding.rule for finding in each.findings]) for each in done]


def test_a_photograph_is_enrolled_once_for_a_person(gallery: Gallery) -> None:
    content = photograph("Ann")
    assert statuses(gallery, "Ann", content, content) == [("enrolled", []), ("known", [])]
    assert len(gallery.people()[0].photographs) == 1


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (photograph(), "no face"),
        (photograph("Ann", "Bob"), "several faces"),
        (photograph("Ann", side=20), "too small"),
        (photograph("Ann", sharpness=1), "blurred"),
        (b"no photograph", "unreadable"),
    ],
)
def test_what_is_refused_leaves_nothing(gallery: Gallery, content: bytes, rule: str) -> None:
    assert statuses(gallery, "Ann", content) == [("refused", [rule])]
    assert gallery.people() == []


def test_force_passes_the_gate_but_finds_no_face(gallery: Gallery) -> None:
    assert statuses(gallery, "Ann", photograph("Ann", side=20), photograph(), force=True) == [
        ("enrolled", ["too small"]),
        ("refused", ["no face"]),
    ]


def test_somebody_else_among_a_persons_photographs_is_found(gallery: Gallery) -> None:
    gallery.enrol("Ann", [photograph("Ann", shot=shot) for shot in (1, 2)])
    gallery.enrol("Bob", photograph("Bob", shot=1))
    assert statuses(gallery, "Ann", photograph("a stranger")) == [("refused", ["unlike"])]
    assert statuses(gallery, "Ann", photograph("Bob", shot=2)) == [("refused", ["unlike", "lookalike"])]
    assert statuses(gallery, "Cem", photograph("Bob", shot=2)) == [("refused", ["lookalike"])]
    assert statuses(gallery, "Cem", photograph("Bob", shot=2), force=True) == [("enrolled", ["lookalike"])]


def test_a_group_is_enrolled_for_each_of_them(gallery: Gallery) -> None:
    group = photograph("Ann", "Bob", side=200)
    for number, person in enumerate(("Ann", "Bob")):
        assert statuses(gallery, person, group, face=number) == [("enrolled", [])]
    assert statuses(gallery, "Cem", group, face=2) == [("refused", ["no such face"])]
    assert [answer.person for answer in gallery.identify(photograph("Bob", "Ann", shot=3))] == ["Bob", "Ann"]


def test_a_file_whose_name_is_no_text_is_enrolled(gallery: Gallery, tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"caf\xe9.jpg")
    path.write_bytes(photograph("Ann"))
    assert gallery.enrol("Ann", path)[0].status == "enrolled"
    assert gallery.people()[0].photographs[0].path == f"{tmp_path}/caf\\udce9.jpg"


def test_what_became_of_it_is_told_in_a_sentence(gallery: Gallery, tmp_path: Path) -> None:
    path = tmp_path / "ann.jpg"
    path.write_bytes(photograph("Ann", side=20))
    (done,) = gallery.enrol("Ann", path)
    assert done.sentence == f"The photograph {path} was refused: its face is 20 pixels wide, and 40 are needed."
    path.write_bytes(photograph("Ann"))
    assert gallery.enrol("Ann", path)[0].sentence == f"The photograph {path} was enrolled."
    assert gallery.enrol("Ann", path)[0].sentence == f"The photograph {path} was known already."
    assert gallery.people()[0].photographs[0].path == str(path)
