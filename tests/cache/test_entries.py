"""Entries of the cache: whole or not there, whoever else is at work in it, and nothing of anybody else's."""

import subprocess
import sys
from pathlib import Path

import pytest

from fdemd.cache.entries import DAY, age, entries, mark_used, remove, size
from fdemd.cache.entry_writer import EntryWriter
from fdemd.cache.tensors import read_entry
from tests.cache.conftest import make_old
from tests.cache.made_entries import NAME, OTHER, entry, files_and_folders, killed, named_like_ours, number_in


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
