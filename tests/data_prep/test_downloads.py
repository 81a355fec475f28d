"""Odd names in a download: every photograph is prepared or listed, under a name that disks and manifests can hold."""

import csv
import io
import logging
import os
import tarfile
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from data_prep.downloads import open_download
from data_prep.layouts import LAYOUTS
from data_prep.sources import Source
from fdemd.data.manifest import Manifest
from fdemd.data.sources import folder_manifest
from fdemd.data.tree import IMAGE_ENDINGS
from fdemd.errors import InputError
from fdemd.files.hidden import HIDDEN
from tests.data_prep.conftest import picture, write_tar, write_tree, write_zip


def write_members(path: Path, members: Sequence[tuple[str, bytes]]) -> Path:
    """A tar archive of members that may have one name; bytes that are no text are given as surrogates."""
    with tarfile.open(path, "w", format=tarfile.GNU_FORMAT, errors="surrogateescape") as archive:
        for name, content in members:
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return path


def opened(path: Path, name: str = "folder") -> Source:
    return open_download([path], path.parent / "work", LAYOUTS[name])


ODD = {
    "a carriage return": "Ann/1\r2.jpg",
    "a line break": "Ann/1\n2.jpg",
    "a terminal's escape": "Ann/\x1b[2J.jpg",
    "bytes that are no text": "Ann/\udcff\udcfe.jpg",
    "a person of bytes that are no text": "\udce9ric/1.jpg",
    "a long name": f"Ann/{'n' * 300}.jpg",
    "a long person": f"{'n' * 300}/1.jpg",
    "a deep path": f"Ann/{'folder/' * 400}1.jpg",
    "a file where a folder is": "Ann/x.png/y.jpg",
    "and the file": "Ann/x.jpg",
    "an empty folder": "Ann//2.jpg",
    "a dot": "Ann/./3.jpg",
}


def test_no_odd_name_costs_another_photograph(prepare: Callable[..., Manifest], tmp_path: Path) -> None:
    odd = [(name, picture(0, 1)) for name in ODD.values()]
    path = write_members(tmp_path / "people.tar", [*odd, ("Bob/1.jpg", picture(1, 1)), ("Bob/1.jpg", picture(1, 2))])
    manifest = prepare("folder", path)  # which verifies as well that every row's file is there
    assert len(manifest) == len(ODD) + 2
    rows = {row.path for row in manifest.photographs}
    assert rows >= {"faces/Bob/1.jpg.png", "faces/Bob/1.jpg~2.png", "faces/Ann/1%0D2.png", "faces/Ann/%FF%FE.png"}
    people = {row.identity for row in manifest.photographs}
    assert people == {"Ann", "Bob", "%E9ric", "n" * 300}
    with (manifest.root / "unused.csv").open(newline="") as file:
        assert len(list(csv.reader(file))) == 1, "the header alone"


def test_a_folder_of_odd_names(prepare: Callable[..., Manifest], tmp_path: Path) -> None:
    for number, name in enumerate((b"back\\slash/1.jpg", b"Ann/\xff.jpg", b" Ann/2.jpg", b"Ann/3\r.jpg")):
        file = os.fsencode(tmp_path / "people") + b"/" + name
        Path(os.fsdecode(file)).parent.mkdir(parents=True, exist_ok=True)
        Path(os.fsdecode(file)).write_bytes(picture(0, number + 1))
    manifest = prepare("folder", tmp_path / "people")
    assert [(row.path, row.identity) for row in manifest.photographs] == [
        ("faces/%20Ann/2.png", "Ann"),
        ("faces/Ann/%FF.png", "Ann"),
        ("faces/Ann/3%0D.png", "Ann"),
        ("faces/back%5Cslash/1.png", "back\\slash"),
    ]


def test_the_person_who_downloaded_it_knows_it_by_its_own_name(tmp_path: Path) -> None:
    source = opened(write_members(tmp_path / "people.tar", [("Ann/1\r.jpg", b"one"), ("Bob/2.jpg", b"two")]))
    assert [item.shown for item in source.items] == ["Ann/1\r.jpg", "Bob/2.jpg"]


def test_files_of_one_name_are_different_photographs(tmp_path: Path) -> None:
    members = [("Ann/1.jpg", b"one"), ("Ann/1.jpg", b"other"), ("Ann/1.png", b"third"), ("Ann/1.jpg.jpg", b"fourth")]
    source = opened(write_members(tmp_path / "people.tar", members))
    contents = {item.name: source.read(item) for item in source.items}
    assert contents == {
        "Ann/1.jpg": b"one",
        "Ann/1.jpg~2": b"other",
        "Ann/1.jpg~3": b"fourth",
        "Ann/1.png": b"third",
    }


def test_of_a_published_set_the_second_file_of_a_name_is_listed(tmp_path: Path) -> None:
    name = "lfw/Ann_Able/Ann_Able_0001.jpg"
    source = opened(write_members(tmp_path / "lfw.tar", [(name, b"one"), (name, b"other")]), "lfw")
    assert [source.read(item) for item in source.items] == [b"one"]
    assert source.unused == ((name, "a second file of this name"),)


def test_files_of_one_name_in_two_downloads_of_a_published_set_are_one_photograph(tmp_path: Path) -> None:
    name = "Ann/Ann_0001.jpg"
    paths = [write_tar(tmp_path / f"{letter}.tar", {name: letter.encode()}) for letter in "ab"]
    source = open_download(paths, tmp_path, LAYOUTS["lfw"])
    assert [source.read(item) for item in source.items] == [b"a"]
    assert source.unused == ((name, "a second file of this name"),)


def test_what_an_evaluation_takes_for_a_photograph_a_preparation_does(tmp_path: Path) -> None:
    names = [f"Ann/{ending[1:]}{ending}" for ending in sorted(IMAGE_ENDINGS)]
    tree = write_tree(tmp_path / "people", dict.fromkeys([*names, "Bob/1.JPG", "Bob/notes.txt"], b"content"))
    source = opened(tree)
    assert [item.file for item in source.items] == [*names, "Bob/1.JPG"]
    assert [item.name for item in source.items] == [*(name.rpartition(".")[0] for name in names), "Bob/1"]
    assert source.unused == (("Bob/notes.txt", "not an image by its name"),)
    assert [row.path for row in folder_manifest(str(tree)).photographs] == [item.file for item in source.items]


def test_files_of_one_name_in_two_folders_of_ones_own_are_two(tmp_path: Path) -> None:
    paths = [write_tree(tmp_path / letter, {"Ann/1.jpg": letter.encode()}) for letter in "ab"]
    source = open_download(paths, tmp_path, LAYOUTS["folder"])
    assert {item.name: source.read(item) for item in source.items} == {"Ann/1.jpg": b"a", "Ann/1.jpg~2": b"b"}
    assert source.unused == ()


@pytest.mark.parametrize("write", [write_tree, write_zip, write_tar])
def test_hidden_copies_are_neither_photographs_nor_people(tmp_path: Path, write: Callable[..., Path]) -> None:
    hidden = [
        "Ann/.ipynb_checkpoints/1-checkpoint.jpg",
        ".ipynb_checkpoints/2-checkpoint.jpg",
        "Ann/@eaDir/1.jpg/SYNOPHOTO_THUMB_M.jpg",
        "@eaDir/Ann/1.jpg",
        "__MACOSX/Ann/._1.jpg",
        "Ann/._1.jpg",
        "Ann/Thumbs.db",
        ".Trash/Cy/1.jpg",
    ]
    source = opened(write(tmp_path / "people", dict.fromkeys(["Ann/1.jpg", "Bob/1.jpg", *hidden], b"content")))
    assert [(item.name, item.identity) for item in source.items] == [("Ann/1", "Ann"), ("Bob/1", "Bob")]
    if write is write_tree:  # where hidden folders are not even entered
        folders = ["Ann/.ipynb_checkpoints", ".ipynb_checkpoints", "Ann/@eaDir", "@eaDir", "__MACOSX", ".Trash"]
        listed = [(name, HIDDEN) for name in ("Ann/._1.jpg", "Ann/Thumbs.db")]
        listed += [(name, f"{HIDDEN} (a whole folder)") for name in folders]
    else:
        listed = [(name, HIDDEN) for name in hidden]
    assert sorted(source.unused) == sorted(listed)


def test_a_hidden_folder_that_was_given_itself_is_no_reason(tmp_path: Path) -> None:
    source = opened(write_tree(tmp_path / ".photos", {"Ann/1.jpg": b"one"}))
    assert [item.name for item in source.items] == ["Ann/1"]


def test_a_person_whose_files_lie_in_a_hidden_folder_is_taken_by_the_links_name(tmp_path: Path) -> None:
    folder = write_tree(tmp_path / "people", {".store/Ann/1.jpg": b"one", "Bob/1.jpg": b"two"})
    (folder / "Ann").symlink_to(".store/Ann")
    source = opened(folder)
    assert [(item.name, item.identity) for item in source.items] == [("Ann/1", "Ann"), ("Bob/1", "Bob")]
    assert source.unused == ((".store", f"{HIDDEN} (a whole folder)"),)


def test_a_person_in_several_spellings_is_one_and_that_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    files = {"Zoe\u0308/1.jpg": b"1", "Zo\u00eb/1.jpg": b"2", "Bob/1.jpg": b"3", "Bob /2.jpg": b"4", "bob/1.jpg": b"5"}
    with caplog.at_level(logging.WARNING):
        source = opened(write_tree(tmp_path / "people", files))
    assert [(item.name, item.identity, source.read(item)) for item in source.items] == [
        ("Bob%20/2", "Bob", b"4"),
        ("Bob/1", "Bob", b"3"),
        ("Zoe\u0308/1", "Zo\u00eb", b"1"),
        ("Zo\u00eb/1~2", "Zo\u00eb", b"2"),
        ("bob/1~2", "bob", b"5"),
    ]
    assert "are taken for one each: 'Bob'/'Bob '; 'Zoe\u0308'/'Zo\u00eb'" in caplog.text
    assert "letter case only are different people: 'Bob'/'bob'" in caplog.text


def test_a_person_without_a_name_is_listed(tmp_path: Path) -> None:
    source = opened(write_tree(tmp_path / "people", {" /1.jpg": b"one", "Ann/1.jpg": b"two"}))
    assert [item.name for item in source.items] == ["Ann/1"]
    assert source.unused == ((" /1.jpg", "the name of its person is blank"),)


def test_of_two_lists_of_one_name_the_last_is_kept_and_the_other_listed(tmp_path: Path) -> None:
    photo = {"lfw/Ann_Able/Ann_Able_0001.jpg": b"one"}
    archive = write_tar(tmp_path / "lfw.tar", photo | {"lfw/pairs.txt": b"old"})
    (tmp_path / "pairs.txt").write_bytes(b"new")
    source = open_download([archive, tmp_path / "pairs.txt"], tmp_path, LAYOUTS["lfw"])
    assert source.lists == {"pairs.txt": b"new"}
    assert source.unused == (("lfw/pairs.txt", "pairs.txt takes its place"),)


def test_names_in_a_sentence_are_safe_to_print(tmp_path: Path) -> None:
    path = write_members(tmp_path / "people.tar", [("\x1b[2J.txt", b"x")])
    with pytest.raises(InputError, match=r"none of the 1 files .*\(\\x1b\[2J\.txt: not an image by its name\)"):
        opened(path)
