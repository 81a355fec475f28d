"""Rows written block by block: what was broken off goes on, what is damaged is made again, nothing is made twice."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from fdemd.cache.entries import entries
from fdemd.cache.entry_writer import EntryWriter
from fdemd.cache.journal import JournaledRows
from fdemd.cache.tensors import Stored, read_entry

ROWS = 11
NAME = "0" * 64
ROW = {"picture": (torch.uint8, (5, 3)), "number": (torch.float32, (2,))}


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fdemd.cache.journal.BLOCK", 3)


def row(number: int) -> dict[str, torch.Tensor]:
    return {"picture": torch.full((5, 3), number, dtype=torch.uint8), "number": torch.full((2,), number / 7)}


def make(cache: Path, stop_before: int | None = None) -> tuple[list[int], Stored | None]:
    """Make the rows, or what is left of them; the numbers of those that were made, and the content if all are."""
    made = []
    with EntryWriter(cache / "kind" / NAME, "rows", resumable=True) as new:
        with JournaledRows(new, ROWS, ROW) as rows:
            for number in range(rows.done, ROWS):
                if number == stop_before:
                    raise KeyboardInterrupt
                made.append(number)
                rows.append(row(number), [number] if number % 4 == 0 else [])
        return made, rows.finish(NAME, {"notes": rows.notes})


def broken_off(cache: Path, before: int) -> Path:
    with pytest.raises(KeyboardInterrupt):
        make(cache, before)
    (left,) = (cache / "kind").iterdir()
    return left


def is_right(cache: Path) -> bool:
    found = read_entry(cache / "kind" / NAME, NAME, "rows")
    return (
        found is not None
        and found.facts == {"notes": [0, 4, 8]}
        and all(
            torch.equal(found.tensors[name], torch.stack([row(number)[name] for number in range(ROWS)])) for name in ROW
        )
    )


def test_rows_are_made_once(tmp_path: Path) -> None:
    made, content = make(tmp_path)
    assert made == list(range(ROWS))
    assert content.facts == {"notes": [0, 4, 8]}
    assert is_right(tmp_path)
    (entry,) = entries(tmp_path)
    assert sorted(path.name for path in entry.iterdir()) == [".fdemd", "meta.json", "meta.sha256", "number", "picture"]


@pytest.mark.parametrize("before", range(1, ROWS))
def test_what_was_broken_off_goes_on(tmp_path: Path, before: int) -> None:
    broken_off(tmp_path, before)
    assert make(tmp_path)[0] == list(range(before, ROWS))
    assert is_right(tmp_path)
    assert len(list((tmp_path / "kind").iterdir())) == 1


def test_nothing_is_left_where_nothing_was_made(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        make(tmp_path, 0)
    assert list((tmp_path / "kind").iterdir()) == []


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[0] ^= 1
    path.write_bytes(content)


def zero(path: Path) -> None:
    path.write_bytes(bytes(path.stat().st_size))


def empty(path: Path) -> None:
    path.write_bytes(b"")


def replace_by_a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()
    (path / "file").touch()


def replace_by_a_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


@pytest.mark.parametrize("file", ["journal", *ROW])
@pytest.mark.parametrize("damage", [cut, flip, zero, empty, Path.unlink, replace_by_a_folder, replace_by_a_pipe])
def test_what_is_damaged_is_made_again(tmp_path: Path, file: str, damage: Callable[[Path], None]) -> None:
    left = broken_off(tmp_path, 8)
    damage(left / file)
    made, _ = make(tmp_path)
    assert made[-1] == ROWS - 1
    assert made[0] in (0, 3, 6), "the blocks before the damage are good"
    if damage is flip or damage is empty:
        assert made[0] == 0
    assert is_right(tmp_path)


def test_more_than_the_journal_vouches_for_is_dropped(tmp_path: Path) -> None:
    left = broken_off(tmp_path, 6)
    for file in ROW:
        with (left / file).open("ab") as opened:
            opened.write(b"of a row that was never whole" * 100)
    assert make(tmp_path)[0] == list(range(6, ROWS))
    assert is_right(tmp_path)


def test_another_programs_folder_of_that_name_is_let_be(tmp_path: Path) -> None:
    theirs = tmp_path / "kind" / f"unfinished-{NAME}"
    theirs.mkdir(parents=True)
    (theirs / "journal").write_text("dear diary")
    make(tmp_path)
    assert is_right(tmp_path)
    assert (theirs / "journal").read_text() == "dear diary"
    shutil.rmtree(theirs)


def test_a_run_that_waited_finds_what_the_other_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other one finishes while this one waits for its lock."""
    place = tmp_path / "kind" / NAME
    other = EntryWriter(place, "rows", resumable=True)
    real = EntryWriter.__exit__

    def finish_the_other(message: str, *_: object) -> None:
        assert "Another run is making" in message
        other.write({"numbers": torch.ones(3)})
        other.finish(NAME, {})
        real(other, None, None, None)

    monkeypatch.setattr("fdemd.cache.unfinished._log.warning", finish_the_other)
    with EntryWriter(place, "rows", resumable=True) as new:
        assert new.waited
        assert read_entry(place, NAME, "rows").tensors["numbers"].sum() == 3
    assert list(place.parent.iterdir()) == [place]
