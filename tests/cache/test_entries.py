"""Entries of the cache: whole or not there, whoever else is at work in it, and nothing of anybody else's."""

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from fdemd.cache.entries import DAY, age, entries, in_use, mark_used, remove, size
from fdemd.cache.entry_writer import EntryWriter
from fdemd.cache.tensors import read_entry
from fdemd.errors import InputError
from tests.cache.conftest import make_old

NAME = "0" * 64
OTHER = "1" * 64


def entry(cache: Path, number: float, name: str = NAME, kind: str = "kind") -> Path:
    with EntryWriter(cache / kind / name, "numbers") as new:
        new.write({"numbers": torch.full((10,), number)})
        new.finish(name, {})
    return cache / kind / name


def number_in(place: Path) -> float | None:
    found = read_entry(place, place.name, "numbers")
    return float(found.tensors["numbers"].unique()) if found else None


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


MAKE_AND_DIE = """
import os, signal, sys, torch
from pathlib import Path
from fdemd.cache.entry_writer import EntryWriter
new = EntryWriter(Path(sys.argv[1]), "numbers")
new.write({"numbers": torch.ones(10)})
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_run_left_is_removed_and_a_running_one_is_let_be(tmp_path: Path) -> None:
    place = tmp_path / "kind" / NAME
    assert subprocess.run([sys.executable, "-c", MAKE_AND_DIE, str(place)], check=False).returncode < 0
    (killed,) = place.parent.iterdir()
    with EntryWriter(place, "numbers") as running:
        assert not killed.exists()
        make_old(running.folder, days=2)
        assert in_use(running.folder)
        assert not remove(running.folder)
        entry(tmp_path, 1.0)
        assert running.folder.exists()


def test_a_lock_ends_with_its_process_even_if_its_workers_live_on(tmp_path: Path) -> None:
    """Workers that outlive a kill would keep the lock of the run that started them."""
    with EntryWriter(tmp_path / "kind" / NAME, "numbers") as new:
        worker = os.fork()
        if not worker:
            signal.pause()
        try:
            new.keep = True
            folder = new.folder
            new.__exit__(None, None, None)
            assert not in_use(folder)
        finally:
            os.kill(worker, signal.SIGKILL)
            os.waitpid(worker, 0)


def test_age_counts_from_the_last_use(tmp_path: Path) -> None:
    found = entry(tmp_path, 1.0)
    make_old(found, days=3)
    assert age(found) == pytest.approx(3 * DAY, abs=60)
    mark_used(found)
    assert age(found) < 60


def test_a_removed_entry_is_still_there_for_those_who_have_it_open(tmp_path: Path) -> None:
    found = entry(tmp_path, 1.0)
    mapped = read_entry(found, NAME, "numbers").tensors["numbers"]
    assert size(found) > 40
    assert remove(found)
    assert list((tmp_path / "kind").iterdir()) == []
    assert mapped.unique() == 1
    assert not remove(found), "by another run, a moment later"


def docker(cache: Path) -> None:
    """A layer as Docker stores it."""
    layer = cache / "sha256" / NAME
    layer.mkdir(parents=True)
    for name in ("cache-id", "diff", "size", "tar-split.json.gz"):
        (layer / name).write_text("docker's")


def named_like_ours(cache: Path) -> None:
    for kind in ("features", "faces", "similarities", "adversarial", "centres"):
        (cache / kind / NAME).mkdir(parents=True)
        (cache / kind / NAME / "thesis.tex").write_text("years of work")


def one_file_more(cache: Path) -> None:
    """What an earlier version wrote, and a file of somebody who put it there."""
    folder = cache / "faces" / NAME
    folder.mkdir(parents=True)
    for name in ("images.npy", "landmarks.npy", "report.json", "notes.txt"):
        (folder / name).write_text("mine")


def unfinished(cache: Path) -> None:
    for name in ("unfinished-symphony", "unfinished-", f"unfinished-{NAME}", "unfinished-abcdefgh"):
        (cache / "kind" / name).mkdir(parents=True)
        (cache / "kind" / name / "score.pdf").write_text("mine")
        make_old(cache / "kind" / name, days=400)


def empty_folders(cache: Path) -> None:
    (cache / "kind" / NAME).mkdir(parents=True)


def a_link_to_photographs(cache: Path) -> None:
    """Somebody's folder may even hold an entry that was moved there; a link to it is not ours to follow."""
    moved = entry(cache.parent / "elsewhere", 1.0)
    (cache / "kind").mkdir(parents=True)
    (cache / "kind" / NAME).symlink_to(moved)


def files_and_folders(cache: Path) -> None:
    (cache / "photographs" / "holiday").mkdir(parents=True)
    (cache / "notes").touch()
    (cache / "kind").mkdir()
    (cache / "kind" / NAME).touch()


def another_programs_mark(cache: Path) -> None:
    (cache / "kind" / NAME).mkdir(parents=True)
    (cache / "kind" / NAME / ".fdemd").write_text('{"made by": "fdemd", "holds": "prepared faces"}\n')
    (cache / "kind" / NAME / "1.png").write_text("mine")


FOREIGN = [
    docker,
    named_like_ours,
    one_file_more,
    unfinished,
    empty_folders,
    a_link_to_photographs,
    files_and_folders,
    another_programs_mark,
]


@pytest.mark.parametrize("foreign", FOREIGN)
def test_what_we_did_not_make_is_no_entry_and_stays(tmp_path: Path, foreign) -> None:
    cache = tmp_path / "cache"
    foreign(cache)
    before = sorted(tmp_path.rglob("*"))
    assert list(entries(cache)) == []
    for kind in cache.iterdir():
        if kind.is_dir():
            with EntryWriter(kind / OTHER, "numbers"):  # removes what killed runs left
                pass
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("foreign", [named_like_ours, files_and_folders])
def test_what_is_in_the_way_is_told_and_left(tmp_path: Path, caplog: pytest.LogCaptureFixture, foreign) -> None:
    foreign(tmp_path)
    kind = "faces" if foreign is named_like_ours else "kind"
    before = sorted(tmp_path.rglob("*"))
    assert number_in(tmp_path / kind / NAME) is None
    assert f"{tmp_path / kind / NAME} is in the way and was not removed" in caplog.text
    with EntryWriter(tmp_path / kind / NAME, "numbers") as new:
        new.write({"numbers": torch.ones(3)})
        assert new.finish(NAME, {}).tensors["numbers"].sum() == 3, "used all the same"
    assert sorted(tmp_path.rglob("*")) == before


EARLIER = {
    "faces": ("images.npy", "landmarks.npy", "report.json"),
    "similarities": ("computed.npz",),
    "adversarial": ("images.npy",),
    "centres": ("directions.npy", "people.json"),
    "features": ("embedding", "patches", "landmarks", "meta.json", "meta.sha256"),
}


@pytest.mark.parametrize("kind", EARLIER)
def test_what_earlier_versions_made_is_known_and_never_read_wrongly(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, kind: str
) -> None:
    for name in (NAME, "unfinished-ab3_efgh"):
        (tmp_path / kind / name).mkdir(parents=True)
        for file in EARLIER[kind]:
            (tmp_path / kind / name / file).write_bytes(b"as it was")
    assert [found.name for found in entries(tmp_path)] == [NAME, "unfinished-ab3_efgh"]
    assert number_in(tmp_path / kind / NAME) is None
    expected = "are damaged" if kind == "features" else "are without checksums, by an earlier version of fdemd"
    assert f"The numbers stored in {tmp_path / kind / NAME} {expected}" in caplog.text
    assert not (tmp_path / kind / NAME).exists(), "the new one takes its place"
    left = tmp_path / kind / "unfinished-ab3_efgh"
    assert not remove(left), "a run of that version may be at work there"
    make_old(left, days=2)
    assert remove(left)


@pytest.mark.parametrize("half", [None, ".0123456789abcdef.part"])
def test_a_run_killed_before_it_could_mark_its_folder(tmp_path: Path, half: str | None) -> None:
    folder = tmp_path / "kind" / "unfinished-ab3_efgh"
    folder.mkdir(parents=True)
    if half:
        (folder / half).touch()
    entry(tmp_path, 1.0)
    assert folder.exists(), "its run may be about to"
    make_old(folder, days=2)
    entry(tmp_path, 1.0, OTHER)
    assert not folder.exists()


def test_a_run_killed_as_it_removed_an_entry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its mark is the last file to go; what is left is an empty folder of a name of ours."""
    found = entry(tmp_path, 1.0)
    with monkeypatch.context() as patch:
        patch.setattr(Path, "rmdir", killed)
        with pytest.raises(KeyboardInterrupt):
            remove(found)
    (left,) = (tmp_path / "kind").iterdir()
    assert left.name.startswith("unfinished-")
    assert list(left.iterdir()) == []
    assert [*entries(tmp_path)] == [left]
    make_old(left, days=2)
    entry(tmp_path, 1.0, OTHER)
    assert not left.exists()


def killed(path: Path) -> None:
    raise KeyboardInterrupt


def test_a_cache_that_cannot_be_read_is_reported(tmp_path: Path, as_other_user: list[str]) -> None:
    (tmp_path / "cache").mkdir(mode=0o000)
    command = [*as_other_user, sys.executable, "-m", "fdemd.cache", "--cache", str(tmp_path / "cache")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (
        2,
        f"cache: the cache folder {tmp_path / 'cache'} cannot be read (Permission denied).\n",
    )


def test_nowhere_is_empty(tmp_path: Path) -> None:
    assert list(entries(tmp_path / "nowhere")) == []


def test_a_full_disk_is_told_with_the_need_and_nothing_is_left(small_disk) -> None:
    disk = small_disk(2)
    (disk / "ballast").write_bytes(bytes(1_500_000))
    with pytest.raises(InputError, match=r"kind has no room for the numbers: 4.0 MB are needed and .* are free; make"):
        entry_of_megabytes(disk)
    assert list((disk / "kind").iterdir()) == []


def test_a_disk_that_fills_up_meanwhile_is_told_with_the_need(small_disk) -> None:
    disk = small_disk(8)
    with (
        pytest.raises(InputError, match=r"kind has no room for the numbers: 4.0 MB are needed and .* are free; make"),
        EntryWriter(disk / "kind" / NAME, "numbers") as new,
    ):
        new.begin({"numbers": (torch.float32, (1_000_000,))})
        (disk / "ballast").write_bytes(bytes(7 << 20))
        for _ in range(10):
            new.append({"numbers": torch.ones(100_000)})
    assert list((disk / "kind").iterdir()) == []


def test_a_quota_that_is_used_up_is_told_with_the_need(small_disk) -> None:
    disk = small_disk(8)
    with (
        pytest.raises(InputError, match=r"kind has no room for the numbers: 4.0 MB are needed and .* are free; make"),
        EntryWriter(disk / "kind" / NAME, "numbers") as new,
    ):
        new.begin({"numbers": (torch.float32, (1_000_000,))})
        (disk / "ballast").write_bytes(bytes(7 << 20))
        with new.explained_errors():
            raise OSError(errno.EDQUOT, "Disk quota exceeded")


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


@pytest.mark.parametrize(
    "tensor", [torch.zeros(0), torch.zeros(3, 0), torch.tensor(1.5), torch.tensor([[True, False]])]
)
def test_tensors_of_any_shape(tmp_path: Path, tensor: torch.Tensor) -> None:
    with EntryWriter(tmp_path / "kind" / NAME, "numbers") as new:
        new.write({"numbers": tensor})
        new.finish(NAME, {})
    found = read_entry(tmp_path / "kind" / NAME, NAME, "numbers").tensors["numbers"]
    assert torch.equal(found, tensor)
    assert found.dtype == tensor.dtype
