"""Killed at any moment and started again, a preparation ends with the same bytes."""

import hashlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.data_prep.conftest import PEOPLE, lfw_files, picture, write_tar

REPOSITORY = Path(__file__).resolve().parents[2]


def digests(folder: Path) -> dict[str, str]:
    return {
        file.relative_to(folder).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in folder.rglob("*")
        if file.is_file()
    }


@pytest.fixture(scope="module")
def larger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """90 photographs, more than the processes take at once."""
    files = {
        f"lfw/{name}/{name}_{copy * 10 + number:04d}.jpg": picture(person, number)
        for person, name in enumerate(PEOPLE)
        for number in range(1, 11)
        for copy in range(3)
    }
    return write_tar(tmp_path_factory.mktemp("download") / "lfw.tar", files)


def test_a_run_that_was_killed_goes_on_and_ends_the_same(larger: Path, tmp_path: Path, data_prep: Callable) -> None:
    straight, killed = tmp_path / "straight", tmp_path / "killed"
    arguments = ["lfw", "--source", str(larger), "--workers"]
    command = [sys.executable, "-m", "data_prep", *arguments, "2", "--out", str(killed)]
    process = subprocess.Popen(command, cwd=REPOSITORY, stderr=subprocess.DEVNULL, start_new_session=True)
    deadline = time.monotonic() + 120
    while len(list(killed.rglob("*.png"))) < 20 and time.monotonic() < deadline:
        time.sleep(0.02)
    process.kill()
    process.wait()
    deadline = time.monotonic() + 10
    while _alive(process.pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _alive(process.pid), "worker processes outlive the one that was killed"
    assert 0 < len(list(killed.rglob("*.png"))) < 90
    assert not (killed / "manifest.csv").exists()
    journal = killed / "journal.jsonl"
    journal.write_bytes(journal.read_bytes() + b'["Ann_Able/Ann_Ab')  # a line that the kill cut short
    assert data_prep(*arguments, 1, "--out", killed)[0] == 0
    assert data_prep(*arguments, 1, "--out", straight)[0] == 0
    assert digests(killed) == digests(straight)


def _alive(group: int) -> bool:
    """Whether a process of the group is left."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_second_run_reads_nothing_and_changes_nothing(lfw: Path, lfw_tar: Path, data_prep: Callable) -> None:
    before = digests(lfw)
    status, printed = data_prep("lfw", "--source", lfw_tar, "--out", lfw, "--template", "dlib", "--workers", 1)
    assert status == 0
    assert "0 photographs read" in printed
    assert digests(lfw) == before


def test_a_face_that_was_lost_is_made_again(lfw: Path, lfw_tar: Path, data_prep: Callable) -> None:
    before = digests(lfw)
    (lfw / "faces/Ann_Able/Ann_Able_0001.png").unlink()
    _, printed = data_prep("lfw", "--source", lfw_tar, "--out", lfw, "--template", "dlib", "--workers", 1)
    assert "1 photographs read" in printed
    assert digests(lfw) == before


def test_a_replaced_photograph_is_read_again_and_a_removed_one_is_forgotten(
    lfw: Path, tmp_path: Path, data_prep: Callable
) -> None:
    files = lfw_files()
    files["lfw-deepfunneled/Ann_Able/Ann_Able_0001.jpg"] = picture(0, 9)
    del files["lfw-deepfunneled/Bob_Baker/Bob_Baker_0002.jpg"]
    download = write_tar(tmp_path / "newer.tar", files)
    _, printed = data_prep("lfw", "--source", download, "--out", lfw, "--template", "dlib", "--workers", 1)
    assert "1 photographs read" in printed
    assert len((lfw / "manifest.csv").read_text().splitlines()) == 1 + 4


@pytest.mark.parametrize("option", [["--template", "insightface"], ["--template", "dlib", "--size", 75, 75]])
def test_faces_of_two_kinds_do_not_mix(lfw: Path, lfw_tar: Path, data_prep: Callable, option: list) -> None:
    status, printed = data_prep("lfw", "--source", lfw_tar, "--out", lfw, "--workers", 1, *option)
    assert status == 2
    assert "prepared otherwise" in printed
    assert "Traceback" not in printed


def test_ctrl_c_is_told_in_a_sentence(larger: Path, tmp_path: Path) -> None:
    arguments = ["lfw", "--source", str(larger), "--out", str(tmp_path / "out"), "--workers", "1"]
    command = [sys.executable, "-m", "data_prep", *arguments]
    process = subprocess.Popen(command, cwd=REPOSITORY, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 120
    while not (tmp_path / "out" / "faces").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 130
    assert "stopped by Ctrl-C; the same command goes on where it was" in errors
    assert "Traceback" not in errors
