"""The journal vouches for what is done; what is wrong in it vouches for nothing, and is never a traceback."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from data_prep.faces import Record
from data_prep.journal import Journal, first_settings
from fdemd.errors import InputError

SETTINGS = {"template": "dlib", "size": [150, 150], "detector": "dlib", "pipeline": 1}
RECORDS = [
    Record("Ann/1", 100, "a" * 64, 2**64 - 1, 1, face="b" * 64),
    Record("Ann/2", 90, "c" * 64, 5, 0, "no face found", "the detector dlib found none"),
    Record('Zo\u00eb \u2028 \n\r"\\/' + os.fsdecode(b"caf\xe9"), 80, "d" * 64, 5, 2, face="e" * 64),
]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A journal of three photographs."""
    path = tmp_path / "journal.jsonl"
    with Journal(path, SETTINGS) as journal:
        journal.add(RECORDS[:2])
        journal.add(RECORDS[2:])
    return path


def names(path: Path) -> list[str]:
    with Journal(path, SETTINGS) as journal:
        return list(journal.records)


def test_what_was_noted_is_known_again_whatever_it_is_called(path: Path) -> None:
    with Journal(path, SETTINGS) as journal:
        assert list(journal.records.values()) == RECORDS
        assert journal.finish([RECORDS[2].name, "Ann/1"]) == [RECORDS[2], RECORDS[0]]
    assert names(path) == [RECORDS[2].name, "Ann/1"]
    assert first_settings(path) == SETTINGS


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "a flipped bit": lambda line: line[:10] + bytes([line[10] ^ 1]) + line[11:],
    "another number": lambda line: line.replace(b"90", b"91"),
    "cut": lambda line: line[:30],
    "empty": lambda line: b"",
    "no JSON": lambda line: b"Dear Sir",
    "not UTF-8": lambda line: b"\xff\xfe" + line,
    "zeros": lambda line: bytes(len(line)),
    "an object": lambda line: b"{}",
    "a number": lambda line: b"7",
    "a number without end": lambda line: b"1" * 10_000,
    "brackets without end": lambda line: b"[" * 100_000,
    "of a version without checksums": lambda line: json.dumps(json.loads(line)[:7]).encode(),
    "too many values": lambda line: json.dumps([1, *json.loads(line)]).encode(),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_line_vouches_for_nothing_and_is_told_once(
    damage: str, path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = path.read_bytes().splitlines()
    lines[2] = DAMAGE[damage](lines[2])
    path.write_bytes(b"".join(line + b"\n" for line in lines))
    with Journal(path, SETTINGS) as journal:
        assert list(journal.records) == ["Ann/1", RECORDS[2].name]
        said = f"{path}: 1 lines are damaged or of an earlier version; their photographs are made again.\n"
        assert capsys.readouterr().err == said
        journal.add([RECORDS[1]])
        journal.finish(record.name for record in RECORDS)
    assert names(path) == [record.name for record in RECORDS]
    assert capsys.readouterr().err == ""


def test_a_last_line_that_a_kill_cut_short_is_no_damage(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path.write_bytes(path.read_bytes() + b'["Bob/1", 7')
    assert names(path) == [record.name for record in RECORDS]
    assert capsys.readouterr().err == ""
    with Journal(path, SETTINGS) as journal:
        journal.add([Record("Bob/1", 7, "f" * 64)])
    assert "Bob/1" in names(path)


@pytest.mark.parametrize("first", [b"", b"Dear Sir", b"[1]", b"\xff", b"[" * 100_000])
def test_without_its_first_line_all_is_made_again(first: bytes, path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path.write_bytes(first + b"\n" + path.read_bytes().split(b"\n", 1)[1])
    assert first_settings(path) is None
    assert names(path) == []
    assert "3 lines are damaged" in capsys.readouterr().err
    assert first_settings(path) == SETTINGS


def test_faces_that_were_made_otherwise_are_reported(path: Path) -> None:
    before = path.read_bytes()
    with pytest.raises(InputError, match="prepared otherwise"):
        Journal(path, SETTINGS | {"detector": "mtcnn"})
    assert path.read_bytes() == before


def test_a_folder_in_its_place_is_reported(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"cannot be read \(Is a directory\)"):
        Journal(tmp_path, SETTINGS)


def test_a_full_disk_is_told_and_what_was_noted_stays(small_disk: Callable[[int], Path]) -> None:
    path = small_disk(1) / "journal.jsonl"
    many = [Record(f"Ann/{number}", 1, "a" * 64) for number in range(20_000)]
    with Journal(path, SETTINGS, "run the same command again") as journal:
        journal.add(many[:1])
        with pytest.raises(InputError, match=r"^The disk is full: .*journal.jsonl cannot be written; run the same"):
            journal.add(many[1:])
    known = names(path)
    assert 1 < len(known) < len(many)
    assert known == [record.name for record in many[: len(known)]]
