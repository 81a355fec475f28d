"""A folder with one folder a person."""

from pathlib import Path

import pytest

from fdemd.errors import InputError
from fdemd.gallery.tree import list_people


def test_people_are_listed_with_their_photographs_and_nothing_is_dropped(tmp_path: Path) -> None:
    for name in ("Ann/2.jpg", "Ann/1.JPG", "Ann/more/3.png", "Zoe\u0308/1.jpg", "loose.jpg", "Ann/notes.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    people, ignored = list_people(tmp_path)
    assert {name: len(photographs) for name, photographs in people.items()} == {"Ann": 3, "Zoë": 1}
    assert dict(ignored) == {"Ann/notes.txt": "not an image by its name", "loose.jpg": "not in a person's folder"}


def test_a_folder_without_people_is_told(tmp_path: Path) -> None:
    (tmp_path / "loose.jpg").write_bytes(b"")
    with pytest.raises(InputError, match="has no photograph in a person's folder"):
        list_people(tmp_path)
    with pytest.raises(InputError, match="folder of people"):
        list_people(tmp_path / "nowhere")
