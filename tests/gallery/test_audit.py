"""The change log as people read it."""

from pathlib import Path

from fdemd.gallery.gallery import Gallery
from tests.gallery.made_gallery import photograph


def test_it_tells_numbers_and_the_names_of_those_who_are_there(gallery: Gallery, tmp_path: Path) -> None:
    gallery.enrol("Unmistakable", [photograph("Ann", shot=shot) for shot in (1, 2)])
    gallery.enrol("Bob", photograph("Bob"))
    gallery.remove_photograph(1)
    gallery.remove("Unmistakable")
    told = [(each.action, each.person, each.name, each.photograph) for each in gallery.changes()]
    assert told == [
        ("removed", 1, None, None),
        ("removed", 1, None, 1),
        ("enrolled", 2, "Bob", 3),
        ("enrolled", 1, None, 2),
        ("enrolled", 1, None, 1),
    ]
    assert b"Unmistakable" not in b"".join(path.read_bytes() for path in tmp_path.iterdir())


def test_a_page_at_a_time(gallery: Gallery) -> None:
    gallery.enrol("Ann", [photograph("Ann", shot=shot) for shot in range(5)])
    first = gallery.changes(limit=3)
    assert [each.photograph for each in first] == [5, 4, 3]
    assert [each.photograph for each in gallery.changes(before=first[-1].number)] == [2, 1]
    assert gallery.changes(before=10**30) == gallery.changes()
    assert gallery.changes(before=1) == []
