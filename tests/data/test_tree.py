"""What is found below a folder of people, and when looking stops."""

import os
from pathlib import Path

import pytest

from fdemd.data import tree
from fdemd.data.tree import entries_below, is_image
from fdemd.errors import InputError
from fdemd.files.walk import Found


def touch(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()


def test_entries_are_sorted_folder_by_folder(tmp_path: Path) -> None:
    touch(tmp_path, "b/1.jpg", "b-c/1.jpg", "a", "b/0/9.jpg")
    assert [entry.path for entry in entries_below(tmp_path)] == ["a", "b/0/9.jpg", "b/1.jpg", "b-c/1.jpg"]


def test_what_is_no_file_has_its_reason(tmp_path: Path) -> None:
    touch(tmp_path, "a/1.jpg")
    (tmp_path / "a" / "2.jpg").symlink_to("nowhere")
    (tmp_path / "a" / "3.jpg").symlink_to("3.jpg")
    os.mkfifo(tmp_path / "a" / "4.jpg")
    assert dict(entries_below(tmp_path)) == {
        "a/1.jpg": "",
        "a/2.jpg": "a link to nothing",
        "a/3.jpg": "cannot be read (Too many levels of symbolic links)",
        "a/4.jpg": "not a file",
    }


def test_who_lies_in_the_folder_keeps_the_own_name_whoever_links_to_it(tmp_path: Path) -> None:
    touch(tmp_path, "Ann/1.jpg", "Bob/1.jpg", "Cid/1.jpg")
    (tmp_path / "Alias").symlink_to("Cid")
    (tmp_path / "Ann" / "friends").symlink_to("../Bob")
    assert list(entries_below(tmp_path)) == [
        ("Alias", f"by a link the same folder as {tmp_path / 'Cid'}"),
        ("Ann/1.jpg", ""),
        ("Ann/friends", f"by a link the same folder as {tmp_path / 'Bob'}"),
        ("Bob/1.jpg", ""),
        ("Cid/1.jpg", ""),
    ]


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tree, "_PATIENCE", 40)


@pytest.mark.usefixtures("impatient")
def test_a_disk_or_a_home_is_not_walked_to_its_end(tmp_path: Path) -> None:
    touch(tmp_path, *(f"etc/{n}/settings" for n in range(10)), *(f"lib/{n}.so" for n in range(200)), "me/photo.jpg")
    with pytest.raises(
        InputError,
        match=r"does not look like a folder of people: of the first 40 files and folders in it 0 are images "
        r".most are in etc, lib.; data\.root must be",
    ):
        entries_below(tmp_path)


@pytest.mark.usefixtures("impatient")
def test_a_tree_of_empty_folders_ends_too(tmp_path: Path) -> None:
    for number in range(60):
        (tmp_path / f"{number}" / "sub").mkdir(parents=True)
    (tmp_path / "z").touch()
    with pytest.raises(InputError, match="does not look like a folder of people"):
        entries_below(tmp_path)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    "names",
    [
        [f"p{n}/{m}.jpg" for n in range(50) for m in range(2)],
        [f"p{n}/older/1990/1.jpg" for n in range(50)],
        [f"p{n}/{m}.{kind}" for n in range(50) for m in range(2) for kind in ("jpg", "txt", "json", "npy")],
    ],
    ids=["LFW", "deep, one each", "three files beside each"],
)
def test_folders_of_people_are_walked_however_large(tmp_path: Path, names: list[str]) -> None:
    touch(tmp_path, *names)
    assert len(entries_below(tmp_path)) == len(names)


def test_a_hundred_thousand_people_are_counted_once_each(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Were all people counted anew with every file, this would take minutes."""
    everybody = [Found(f"{number:06}/1.jpg") for number in range(100_000)]
    monkeypatch.setattr(tree, "walk", lambda _: everybody)
    assert entries_below(tmp_path) == [(found.path, "") for found in everybody]


@pytest.mark.parametrize("name", ["a.jpg", "A.JPEG", "b c.PgM", "x.tar.webp", "..png.png"])
def test_photographs_are_told_by_their_ending(name: str) -> None:
    assert is_image(f"Ann/{name}")


@pytest.mark.parametrize("name", ["a.jpg.txt", "jpg", ".jpg", "a.eps"])
def test_other_files_are_not(name: str) -> None:
    assert not is_image(f"Ann/{name}")
