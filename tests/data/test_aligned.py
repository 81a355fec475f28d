"""Aligned faces on disk: given back as they were made, or made again; never from the beginning without need."""

import os
import pickle
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fdemd.cache.entries import entries
from fdemd.data import aligned
from fdemd.data.aligned import AlignedFaces, LeftOut, aligned_faces
from fdemd.data.sources import folder_manifest
from fdemd.errors import InputError

FACES = 20


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fdemd.cache.journal.BLOCK", 4)


@pytest.fixture
def searched(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """One item a photograph that was searched for a face."""
    real, calls = aligned.extract_face, []

    def extract_face(*arguments: object, **settings: object) -> object:
        calls.append(True)
        return real(*arguments, **settings)

    monkeypatch.setattr("fdemd.data.aligned.extract_face", extract_face)
    return calls


def align(people: Path, cache: Path) -> AlignedFaces:
    return aligned_faces(folder_manifest(str(people)), "dlib", (150, 150), cache=cache, detector="dlib")


@pytest.fixture(scope="module")
def expected(few_people: Path, tmp_path_factory: pytest.TempPathFactory) -> AlignedFaces:
    return align(few_people, tmp_path_factory.mktemp("expected"))


def same(one: AlignedFaces, other: AlignedFaces) -> bool:
    return (
        np.array_equal(one.images, other.images)
        and np.array_equal(one.landmarks, other.landmarks)
        and (one.left_out, one.several, one.digest) == (other.left_out, other.several, other.digest)
    )


def stop_before(monkeypatch: pytest.MonkeyPatch, row: int, error: type[BaseException]) -> None:
    real, calls = aligned.extract_face, []

    def extract_face(*arguments: object, **settings: object) -> object:
        calls.append(True)
        if len(calls) > row:
            raise error
        return real(*arguments, **settings)

    monkeypatch.setattr("fdemd.data.aligned.extract_face", extract_face)


@pytest.mark.parametrize("row", [1, 10])
def test_an_alignment_that_was_broken_off_goes_on(
    few_people: Path,
    tmp_path: Path,
    expected: AlignedFaces,
    searched: list[bool],
    capsys: pytest.CaptureFixture[str],
    row: int,
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        stop_before(patch, row, KeyboardInterrupt)
        with pytest.raises(KeyboardInterrupt):
            align(few_people, tmp_path)
    searched.clear()
    assert same(align(few_people, tmp_path), expected)
    assert len(searched) == FACES - row
    assert f"Aligning goes on after {row} of 20 photographs of an earlier run." in capsys.readouterr().out
    assert len(list((tmp_path / "faces").iterdir())) == 1


def test_nothing_is_left_where_no_face_was_made(
    few_people: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop_before(monkeypatch, 0, KeyboardInterrupt)
    with pytest.raises(KeyboardInterrupt):
        align(few_people, tmp_path)
    assert list((tmp_path / "faces").iterdir()) == []


def test_what_gave_no_face_is_remembered_across_runs(people: Path, tmp_path: Path) -> None:
    (people / "s1" / "letter.jpg").write_text("Dear Sir")
    Image.new("RGB", (90, 110), "white").save(people / "s4" / "wall.png")
    whole = align(people, tmp_path / "whole")
    assert [(left.row, left.problem) for left in whole.left_out] == [(4, "unreadable"), (17, "no face found")]
    with pytest.MonkeyPatch.context() as patch:
        stop_before(patch, 10, RuntimeError)
        with pytest.raises(RuntimeError):
            align(people, tmp_path / "broken off")
    assert same(align(people, tmp_path / "broken off"), whole)
    assert same(align(people, tmp_path / "broken off"), whole)


def zero_the_tail(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2] + bytes(len(content) - len(content) // 2))


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


@pytest.mark.parametrize("file", ["images", "landmarks", "meta.json"])
@pytest.mark.parametrize("damage", [zero_the_tail, cut, Path.unlink])
def test_damaged_faces_are_never_used(
    few_people: Path,
    tmp_path: Path,
    expected: AlignedFaces,
    caplog: pytest.LogCaptureFixture,
    searched: list[bool],
    file: str,
    damage: Callable[[Path], None],
) -> None:
    align(few_people, tmp_path)
    (entry,) = entries(tmp_path)
    damage(entry / file)
    assert same(align(few_people, tmp_path), expected)
    assert f"The aligned faces stored in {entry} are damaged ({file}" in caplog.text
    assert len(searched) == 2 * FACES
    assert same(align(few_people, tmp_path), expected)
    assert len(searched) == 2 * FACES


def test_processes_are_sent_no_copy_of_the_faces(expected: AlignedFaces) -> None:
    sent = pickle.dumps(expected)
    assert len(sent) < 2000
    assert same(pickle.loads(sent), expected)


def test_faces_are_read_only_as_the_files_are(expected: AlignedFaces) -> None:
    """Writing to a read-only mapping would end the process."""
    with pytest.raises(ValueError, match="read-only"):
        expected.images[0] = 0
    expected.face(0).image[:] = 0


def test_a_disk_without_room_is_told_before_the_work(
    few_people: Path, small_disk, searched: list[bool], expected: AlignedFaces
) -> None:
    disk = small_disk(1)
    with pytest.raises(InputError, match=r"no room for the aligned faces: 1.4 MB are needed and .*FDEMD_CACHE"):
        align(few_people, disk)
    assert not searched
    assert list((disk / "faces").iterdir()) == []


def test_a_disk_that_fills_up_while_aligning_is_a_sentence_and_room_lets_it_go_on(
    few_people: Path, small_disk, monkeypatch: pytest.MonkeyPatch, expected: AlignedFaces
) -> None:
    disk = small_disk(2)
    real, calls = aligned.extract_face, []

    def extract_face(*arguments: object, **settings: object) -> object:
        calls.append(True)
        if len(calls) == 10:
            with pytest.raises(OSError, match="No space left"), (disk / "ballast").open("wb", buffering=0) as ballast:
                while True:
                    ballast.write(bytes(1000))
        return real(*arguments, **settings)

    monkeypatch.setattr("fdemd.data.aligned.extract_face", extract_face)
    with pytest.raises(InputError, match=r"no room for the aligned faces: 1.4 MB are needed and 0 bytes are free"):
        align(few_people, disk)
    (disk / "ballast").unlink()
    calls[:] = [True] * 10
    assert same(align(few_people, disk), expected)
    assert len(calls) == 10 + FACES - 8, "two blocks of four were on the disk"


ALIGN = """
import sys
from pathlib import Path
from fdemd.data.aligned import aligned_faces
from fdemd.data.sources import folder_manifest
from fdemd.cli.exit_status import exit_status
def work():
    people = folder_manifest(sys.argv[1])
    for cache in sys.argv[2:]:
        print(aligned_faces(people, "dlib", (150, 150), cache=Path(cache), detector="dlib").images.shape)
sys.exit(exit_status("align", work))
"""


def test_a_cache_that_may_only_be_read(few_people: Path, tmp_path: Path, as_other_user: list[str]) -> None:
    """Faces that are there are used; faces that are not cannot be made, and that is one sentence."""
    full, empty = tmp_path / "full", tmp_path / "empty"
    align(few_people, full)
    (empty / "faces").mkdir(parents=True)
    for cache in (full, empty):
        (cache / "faces").chmod(0o555)
    command = [*as_other_user, sys.executable, "-c", ALIGN, str(few_people), str(full), str(empty)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout == "(20, 150, 150, 3)\n", done.stderr
    assert done.returncode == 2
    assert done.stderr.startswith(f"align: {empty / 'faces'} cannot be written (Permission denied); ")
    assert "data.cache=PATH" in done.stderr


def test_two_programs_that_align_the_same_share_the_work(few_people: Path, tmp_path: Path) -> None:
    """Started at once; whoever comes second waits for the first or finds its faces."""
    command = [sys.executable, "-c", ALIGN, str(few_people), str(tmp_path)]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    for program in both:
        printed, complaints = program.communicate(timeout=120)
        assert program.returncode == 0, complaints
        assert printed.endswith("(20, 150, 150, 3)\n")
    assert len(list((tmp_path / "faces").iterdir())) == 1


def test_a_pipe_in_the_place_of_a_photograph_is_left_out(few_people: Path, tmp_path: Path) -> None:
    shutil.copytree(few_people, tmp_path / "people")
    manifest = folder_manifest(str(tmp_path / "people"))
    path = manifest.file(manifest.photographs[1])
    path.unlink()
    os.mkfifo(path)
    faces = aligned_faces(manifest, "dlib", (150, 150), cache=tmp_path / "cache", detector="dlib")
    assert faces.left_out == (LeftOut(1, "unreadable", "it cannot be read (not a file)"),)
