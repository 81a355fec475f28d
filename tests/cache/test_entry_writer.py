"""An entry of the cache is there whole or not at all, and a full disk is one sentence."""

import errno
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from fdemd.cache.entries import entries
from fdemd.cache.entry_writer import EntryWriter
from fdemd.cache.tensors import read_entry
from fdemd.errors import InputError
from tests.cache.made_entries import NAME, entry, number_in


def test_an_entry_appears_when_it_is_finished(tmp_path: Path) -> None:
    with EntryWriter(tmp_path / "kind" / NAME, "numbers") as new:
        new.write({"numbers": torch.ones(10)})
        assert [found.name.startswith("unfinished-") for found in entries(tmp_path)] == [True]
        new.finish(NAME, {"of": "ones"})
    (found,) = entries(tmp_path)
    assert found == tmp_path / "kind" / NAME
    assert read_entry(found, NAME, "numbers").facts == {"of": "ones"}
    assert list((tmp_path / "kind").iterdir()) == [found], "nothing else is left"
    assert found.stat().st_mode & 0o777 == 0o755, "others may read it"


def test_an_entry_that_is_not_finished_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), EntryWriter(tmp_path / "kind" / NAME, "numbers") as new:
        new.write({"numbers": torch.ones(10)})
        raise KeyboardInterrupt
    assert list((tmp_path / "kind").iterdir()) == []


def test_the_faster_of_two_runs_wins_and_both_have_what_they_made(tmp_path: Path) -> None:
    place = tmp_path / "kind" / NAME
    with EntryWriter(place, "numbers") as slow:
        slow.write({"numbers": torch.full((10,), 1.0)})
        entry(tmp_path, 2.0)
        assert slow.finish(NAME, {}).tensors["numbers"].unique() == 1
    assert number_in(place) == 2
    assert list(place.parent.iterdir()) == [place]


def test_a_full_disk_is_told_with_the_need_and_nothing_is_left(small_disk) -> None:
    disk = small_disk(2)
    (disk / "ballast").write_bytes(bytes(1_500_000))
    with pytest.raises(InputError, match=r"kind has no room for the numbers: 4.0 MB are needed and .* are free; make"):
        entry_of_megabytes(disk)
    assert list((disk / "kind").iterdir()) == []


def fill_up(new: EntryWriter) -> None:
    for _ in range(10):
        new.append({"numbers": torch.ones(100_000)})


def use_up_the_quota(new: EntryWriter) -> None:
    with new.explained_errors():
        raise OSError(errno.EDQUOT, "Disk quota exceeded")


@pytest.mark.parametrize("fail", [fill_up, use_up_the_quota])
def test_a_disk_that_fills_up_meanwhile_is_told_with_the_need(small_disk, fail: Callable[[EntryWriter], None]) -> None:
    disk = small_disk(8)
    with (
        pytest.raises(InputError, match=r"kind has no room for the numbers: 4.0 MB are needed and .* are free; make"),
        EntryWriter(disk / "kind" / NAME, "numbers") as new,
    ):
        new.begin({"numbers": (torch.float32, (1_000_000,))})
        (disk / "ballast").write_bytes(bytes(7 << 20))
        fail(new)
    assert list((disk / "kind").iterdir()) == []


def test_a_disk_that_fills_up_is_no_bus_error(small_disk) -> None:
    """What is written in any order is mapped, and a mapped file with holes kills its program on a full disk."""
    disk = small_disk(2)
    with pytest.raises(InputError, match="has no room"), EntryWriter(disk / "kind" / NAME, "numbers") as new:
        new.allocate("numbers", torch.uint8, (1000, 4000))
    with EntryWriter(disk / "kind" / NAME, "numbers") as new:
        numbers = new.allocate("numbers", torch.uint8, (1000, 1000))
        (disk / "ballast").write_bytes(bytes(500_000))
        numbers[::-1] = 7
        new.finish(NAME, {})
    assert number_in(disk / "kind" / NAME) == 7


def entry_of_megabytes(cache: Path) -> None:
    with EntryWriter(cache / "kind" / NAME, "numbers") as new:
        new.write({"numbers": torch.ones(1_000_000)})
        new.finish(NAME, {})
