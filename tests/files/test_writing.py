import errno
import multiprocessing
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from fdemd.errors import InputError
from fdemd.files.writing import atomic_write, cannot_write, check_room, write_text


def test_a_file_takes_its_place_whole(tmp_path: Path) -> None:
    path = tmp_path / "results.md"
    write_text(path, "one")
    with atomic_write(path) as file:
        file.write(b"two")
        assert path.read_text() == "one"
    assert path.read_text() == "two"
    assert [entry.name for entry in tmp_path.iterdir()] == ["results.md"]
    other = tmp_path / "other"
    other.touch()
    assert path.stat().st_mode == other.stat().st_mode


def test_an_exception_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "results.md"
    write_text(path, "one")
    with pytest.raises(RuntimeError), atomic_write(path) as file:
        file.write(b"half")
        raise RuntimeError
    assert path.read_text() == "one"
    assert len(list(tmp_path.iterdir())) == 1


def test_the_longest_name_that_a_disk_allows(tmp_path: Path) -> None:
    path = tmp_path / ("n" * 255)
    write_text(path, "x")
    assert path.read_text() == "x"


def test_a_name_that_is_no_text_is_written_as_escapes(tmp_path: Path) -> None:
    write_text(tmp_path / "list", os.fsdecode(b"caf\xe9"))
    assert (tmp_path / "list").read_text(encoding="utf-8") == "caf\\udce9"


def _write_often(path: Path, letter: str) -> None:
    for _ in range(50):
        write_text(path, letter * 10_000)


def test_two_programs_may_write_the_same_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    processes = [multiprocessing.get_context("fork").Process(target=_write_often, args=(path, each)) for each in "ab"]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert path.read_text() in ("a" * 10_000, "b" * 10_000)
    assert len(list(tmp_path.iterdir())) == 1


def test_a_full_disk_is_one_sentence_and_the_old_file_stays(small_disk: Callable[[int], Path]) -> None:
    path = small_disk(1) / "file"
    write_text(path, "old")
    with pytest.raises(InputError, match=r"The disk is full: .*file cannot be written; choose another"):
        write_text(path, "x" * (2 << 20), "choose another folder with output=PATH")
    assert path.read_text() == "old"
    assert len(list(path.parent.iterdir())) == 1


def test_room_is_looked_for_before_the_work(tmp_path: Path) -> None:
    check_room(tmp_path, 1, "the features")
    with pytest.raises(InputError, match=r"no room for the features: 1\.2 EB are needed and .* are free; make room\."):
        check_room(tmp_path, 1152921504606846976, "the features", "make room")


def test_other_mistakes_of_the_system_are_reported(tmp_path: Path) -> None:
    told = cannot_write(tmp_path, OSError(errno.EROFS, os.strerror(errno.EROFS)))
    assert str(told) == f"{tmp_path} cannot be written (Read-only file system)."


def test_the_folder_of_a_new_file_is_made(tmp_path: Path) -> None:
    write_text(tmp_path / "new" / "deeper" / "file", "content")
    assert (tmp_path / "new" / "deeper" / "file").read_text() == "content"


def test_a_folder_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=r"file/deeper/new cannot be written \(Not a directory\); choose another\.$"):
        write_text(tmp_path / "file" / "deeper" / "new", "content", "choose another")
