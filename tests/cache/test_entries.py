"""Entries of the cache: whole or not there, whoever else is at work in it."""

from pathlib import Path

import pytest

from fdemd.cache.entries import DAY, NewEntry, age, entries, mark_used, remove, size
from tests.cache.conftest import make_old

NAME = "0" * 64


def entry(cache: Path, text: str, name: str = NAME) -> Path:
    with NewEntry(cache / "kind" / name) as new:
        (new.folder / "file").write_text(text)
        new.finish()
    return cache / "kind" / name


def test_an_entry_appears_when_it_is_finished(tmp_path: Path) -> None:
    with NewEntry(tmp_path / "kind" / NAME) as new:
        (new.folder / "file").write_text("whole")
        assert list(entries(tmp_path)) == []
        new.finish()
    (found,) = entries(tmp_path)
    assert (found / "file").read_text() == "whole"
    assert size(found) == 5
    assert list((tmp_path / "kind").iterdir()) == [found], "nothing else is left"


def test_an_entry_that_is_not_finished_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), NewEntry(tmp_path / "kind" / NAME) as new:
        (new.folder / "file").write_text("half")
        raise KeyboardInterrupt
    assert list((tmp_path / "kind").iterdir()) == []


def test_the_faster_of_two_runs_wins(tmp_path: Path) -> None:
    place = tmp_path / "kind" / NAME
    with NewEntry(place) as slow:
        (slow.folder / "file").write_text("slow")
        entry(tmp_path, "fast")
        slow.finish()
    assert (place / "file").read_text() == "fast"
    assert list(place.parent.iterdir()) == [place]


def test_what_a_killed_run_left_is_removed_after_a_day_and_a_running_one_is_let_be(tmp_path: Path) -> None:
    killed, running = NewEntry(tmp_path / "kind" / NAME).folder, NewEntry(tmp_path / "kind" / NAME).folder
    for folder in (killed, running):
        (folder / "file").write_text("half")
        make_old(folder, days=2)
    (running / "file").write_text("more")  # its folder is as old as ever
    assert list(entries(tmp_path)) == [killed]
    entry(tmp_path, "whole")
    assert not killed.exists()
    assert running.exists()


def test_age_counts_from_the_last_use(tmp_path: Path) -> None:
    found = entry(tmp_path, "whole")
    make_old(found, days=3)
    assert age(found) == pytest.approx(3 * DAY, abs=60)
    mark_used(found)
    assert age(found) < 60


def test_a_removed_entry_is_still_there_for_those_who_have_it_open(tmp_path: Path) -> None:
    found = entry(tmp_path, "whole")
    with (found / "file").open() as file:
        remove(found)
        assert list((tmp_path / "kind").iterdir()) == []
        assert file.read() == "whole"
    remove(found)  # by another run, a moment later


def test_what_is_no_entry_is_let_be(tmp_path: Path) -> None:
    (tmp_path / "photographs" / "holiday").mkdir(parents=True)
    (tmp_path / "notes").touch()
    (tmp_path / "kind").mkdir()
    (tmp_path / "kind" / NAME).touch()
    assert list(entries(tmp_path)) == []
    assert list(entries(tmp_path / "nowhere")) == []
