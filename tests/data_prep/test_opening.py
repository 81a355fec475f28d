"""Folders, files and archives of every kind: what cannot be read is said or listed, and nothing is lost."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from data_prep.opening import check_download, open_container
from fdemd.errors import InputError
from tests.data_prep.conftest import picture, write_tar, write_tree, write_zip

REPOSITORY = Path(__file__).resolve().parents[2]
FILES = {"Ann/1.jpg": b"first", "Bob/2.jpg": b"second"}
LIST = """
import json, sys
from pathlib import Path
from data_prep.opening import open_container
from fdemd.errors import InputError
try:
    found = open_container(Path(sys.argv[1]), Path(sys.argv[2])).listing()
    print(json.dumps([sorted(member.path for member in found.members), found.unused]))
except InputError as error:
    print(json.dumps(str(error)))
"""


@pytest.fixture
def listed_by_another(as_other_user: list[str], tmp_path: Path) -> Callable[[Path], object]:
    """Lists a folder as a user whom permissions bind."""

    def call(folder: Path) -> object:
        command = [*as_other_user, sys.executable, "-c", LIST, folder, tmp_path / "work"]
        return json.loads(subprocess.run(command, check=True, capture_output=True, timeout=120, cwd=REPOSITORY).stdout)

    return call


def test_a_folder_that_may_not_be_read_is_listed_with_its_reason(
    tmp_path: Path, listed_by_another: Callable[[Path], object]
) -> None:
    folder = write_tree(tmp_path / "people", FILES | {"Cy/3.jpg": b"third", "Di/4.jpg": b"fourth"})
    (folder / "link").symlink_to(folder / "Di" / "4.jpg")
    (folder / "Bob").chmod(0o000)
    (folder / "Di").chmod(0o444)  # its names can be read, and nothing else
    assert listed_by_another(folder) == [
        ["Ann/1.jpg", "Cy/3.jpg"],
        [
            ["link", "cannot be read (Permission denied)"],
            ["Bob", "a folder that cannot be read (Permission denied)"],
            ["Di/4.jpg", "cannot be read (Permission denied)"],
        ],
    ]


@pytest.mark.parametrize("inside", ["", "inside"])
def test_a_source_that_may_not_be_read_is_a_sentence(
    tmp_path: Path, listed_by_another: Callable[[Path], object], inside: str
) -> None:
    folder = write_tree(tmp_path / "people", {"inside/Ann/1.jpg": b"first"})
    folder.chmod(0o000)
    what = "The download" if inside else "The folder"
    assert listed_by_another(folder / inside) == (
        f"{what} {folder / inside} cannot be read (Permission denied); give what you downloaded with --source."
    )


def test_folders_that_are_links_are_entered_and_each_real_folder_once(tmp_path: Path) -> None:
    folder = write_tree(tmp_path / "people", FILES)
    write_tree(tmp_path / "elsewhere", {"deep/3.jpg": b"third"})
    (folder / "Cy").symlink_to(tmp_path / "elsewhere")
    (folder / "Aaron").symlink_to(folder / "Bob")  # comes before Bob, whose name it must not take
    (folder / "Ann" / "up").symlink_to(folder)
    (folder / "gone").symlink_to(tmp_path / "nowhere")
    (folder / "itself").symlink_to(folder / "itself")
    members, unused = open_container(folder, tmp_path / "work").listing()
    assert sorted(member.path for member in members) == ["Ann/1.jpg", "Bob/2.jpg", "Cy/deep/3.jpg"]
    assert sorted(unused) == [
        ("Aaron", f"by a link the same folder as {folder / 'Bob'}"),
        ("Ann/up", f"by a link the same folder as {folder}"),
        ("gone", "a link to nothing"),
        ("itself", "cannot be read (Too many levels of symbolic links)"),
    ]


def test_what_is_no_file_is_listed(tmp_path: Path) -> None:
    folder = write_tree(tmp_path / "people", FILES)
    os.mkfifo(folder / "Ann" / "pipe.jpg")
    members, unused = open_container(folder, tmp_path / "work").listing()
    assert len(members) == 2
    assert unused == [("Ann/pipe.jpg", "not a file")]


def test_a_pipe_is_no_download(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.tar")
    with pytest.raises(InputError, match=r"a\.tar is not an ordinary file; give what you downloaded"):
        check_download(tmp_path / "a.tar")


@pytest.mark.parametrize("write", [write_tar, write_zip])
def test_two_members_of_one_name_are_two(tmp_path: Path, write: Callable[..., Path]) -> None:
    class Twice(dict):
        def items(self) -> list[tuple[str, bytes]]:  # type: ignore[override]
            return [("Ann/1.jpg", b"first"), ("Ann/1.jpg", b"second")]

    with pytest.warns(UserWarning, match="Duplicate name") if write is write_zip else pytest.MonkeyPatch.context():
        path = write(tmp_path / "archive", Twice())
    container = open_container(path, tmp_path / "work")
    members = container.listing().members
    assert [member.path for member in members] == ["Ann/1.jpg"] * 2
    assert [container.read(member.key, member.size) for member in members] == [b"first", b"second"]


def test_two_downloads_of_one_name_are_two(tmp_path: Path) -> None:
    for name in FILES:
        (tmp_path / name).parent.mkdir()
        write_tar(tmp_path / Path(name).parent / "set.tgz", {name: FILES[name]}, "w:gz")
    opened = [open_container(tmp_path / person / "set.tgz", tmp_path / "work") for person in ("Ann", "Bob")]
    assert [[member.path for member in container.listing().members] for container in opened] == [[n] for n in FILES]


@pytest.mark.parametrize("joined", ["tar", "zip"])
def test_archives_that_were_joined_say_what_is_not_read(tmp_path: Path, joined: str) -> None:
    write = {"tar": write_tar, "zip": write_zip}[joined]
    parts = [write(tmp_path / f"{name[:3]}.{joined}", {name: FILES[name]}).read_bytes() for name in FILES]
    (tmp_path / f"both.{joined}").write_bytes(b"".join(parts))
    members, unused = open_container(tmp_path / f"both.{joined}", tmp_path / "work").listing()
    assert len(members) == 1
    assert len(unused) == 1
    assert "if archives were joined, give each by itself" in unused[0].reason


def test_a_tar_that_ends_with_a_zip_is_a_tar(tmp_path: Path) -> None:
    inner = write_zip(tmp_path / "inner.zip", {"Cy/3.jpg": b"third"}).read_bytes()
    path = write_tar(tmp_path / "a.tar", FILES | {"inner.zip": inner})
    members, unused = open_container(path, tmp_path / "work").listing()
    assert [member.path for member in members] == list(FILES)
    assert [entry.name for entry in unused] == ["inner.zip"]


def test_a_picture_in_a_folder_is_what_it_is(tmp_path: Path) -> None:
    (tmp_path / "1.jpg").write_bytes(picture(0, 1))
    container = open_container(tmp_path / "1.jpg", tmp_path / "work")
    (member,) = container.listing().members
    assert container.read(member.key, member.size) == picture(0, 1)
