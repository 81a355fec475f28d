"""Killed at any moment and started again, a preparation ends with the same bytes."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.data_prep.conftest import digests, lfw_files, many_lfw_files, picture, write_tar, write_tree, write_zip
from tests.ray_processes import one_is_killed

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def larger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """90 photographs, more than the processes take at once."""
    return write_tar(tmp_path_factory.mktemp("download") / "lfw.tar", many_lfw_files())


@pytest.mark.slow
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
    assert _is_gone(process.pid), "worker processes outlive the one that was killed"
    assert 0 < len(list(killed.rglob("*.png"))) < 90
    assert not (killed / "manifest.csv").exists()
    journal = killed / "journal.jsonl"
    journal.write_bytes(journal.read_bytes() + b'["Ann_Able/Ann_Ab')  # a line that the kill cut short
    assert data_prep(*arguments, 1, "--out", killed)[0] == 0
    assert data_prep(*arguments, 1, "--out", straight)[0] == 0
    assert digests(killed) == digests(straight)


def _is_gone(group: int) -> bool:
    """Whether no process of the group is left, or only for moments."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False


def test_a_second_run_reads_nothing_and_changes_nothing(lfw: Path, lfw_tar: Path, data_prep: Callable) -> None:
    before = digests(lfw)
    status, printed = data_prep("lfw", "--source", lfw_tar, "--out", lfw, "--template", "dlib", "--workers", 1)
    assert status == 0
    assert "0 photographs read" in printed
    assert digests(lfw) == before


ANN, BOB = "faces/Ann_Able/Ann_Able_0001.png", "faces/Bob_Baker/Bob_Baker_0001.png"
SPOIL: dict[str, Callable[[Path], object]] = {
    "lost": lambda out: (out / ANN).unlink(),
    "emptied": lambda out: (out / ANN).write_bytes(b""),
    "cut": lambda out: (out / ANN).write_bytes((out / ANN).read_bytes()[:-500]),
    "zeroed at its end": lambda out: (out / ANN).write_bytes((out / ANN).read_bytes()[:-500] + bytes(500)),
    "exchanged for another face": lambda out: shutil.copy(out / BOB, out / ANN),
    "lost with its folder": lambda out: shutil.rmtree((out / ANN).parent),
}


@pytest.mark.parametrize("spoilt", SPOIL)
def test_a_face_that_is_not_as_it_was_made_is_made_again(
    spoilt: str, lfw: Path, lfw_tar: Path, data_prep: Callable
) -> None:
    before = digests(lfw)
    SPOIL[spoilt](lfw)
    status, printed = data_prep("lfw", "--source", lfw_tar, "--out", lfw, "--template", "dlib", "--workers", "1")
    assert status == 0
    count = 2 if "folder" in spoilt else 1
    assert f"{count} faces in {lfw} are gone or changed, and are made again." in printed
    assert f"{count} photographs read" in printed
    assert digests(lfw) == before


@pytest.mark.parametrize("kind", ["folder", "zip", "tar"])
def test_a_photograph_replaced_by_one_of_the_same_size_and_time_is_read_again(
    kind: str, tmp_path: Path, data_prep: Callable
) -> None:
    one, other = picture(0, 1), picture(0, 2)
    size = max(len(one), len(other))  # what follows the end of a JPEG is ignored
    files = {"Ann/1.jpg": one.ljust(size, b"\0"), "Bob/1.jpg": picture(1, 1)}
    write = {"folder": write_tree, "zip": write_zip, "tar": write_tar}[kind]
    source, newer, out = tmp_path / f"source.{kind}", tmp_path / f"newer.{kind}", tmp_path / "out"
    options = ["--out", out, "--template", "dlib", "--workers", 1]
    assert data_prep("folder", "--source", write(source, files), *options)[0] == 0
    before = digests(out)
    write(newer, files | {"Ann/1.jpg": other.ljust(size, b"\0")})
    for path in (source, *source.rglob("*")):
        time_ns = path.stat().st_mtime_ns
        os.utime(newer / path.relative_to(source), ns=(time_ns, time_ns))
    status, printed = data_prep("folder", "--source", newer, *options)
    assert status == 0
    assert "1 photographs read" in printed
    changed = {name for name, digest in digests(out).items() if digest != before[name]}
    assert changed == {"faces/Ann/1.png", "journal.jsonl"}


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


@pytest.mark.parametrize("workers", [1, 2])
def test_ctrl_c_is_told_in_a_line_and_leaves_nothing_half(workers: int, larger: Path, tmp_path: Path) -> None:
    """On a terminal it reaches the workers as well."""
    out = tmp_path / "out"
    arguments = ["lfw", "--source", str(larger), "--out", str(out), "--workers", str(workers)]
    command = [sys.executable, "-m", "data_prep", *arguments]
    process = subprocess.Popen(
        command,
        cwd=REPOSITORY,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # shells ignore it in the background
    )
    deadline = time.monotonic() + 120
    while not (out / "faces").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 130
    assert errors == "data_prep: stopped by Ctrl-C; the same command goes on where it was.\n"
    assert _is_gone(process.pid)
    left = [path.relative_to(out).as_posix() for path in out.rglob("*") if path.suffix != ".png" and path.is_file()]
    assert sorted(left) == [".fdemd", "journal.jsonl"]


@pytest.mark.slow
def test_faces_made_on_ray_are_those_made_here_also_if_a_process_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data_prep: Callable
) -> None:
    ray = pytest.importorskip("ray")
    monkeypatch.setenv("PYTHONPATH", str(REPOSITORY))  # the processes of the cluster import data_prep
    monkeypatch.chdir(tmp_path)
    files = {f"person_{number // 9}/{number:04d}.jpg": picture(number // 9, number % 9 + 1) for number in range(360)}
    source = write_tar(tmp_path / "faces.tar", files | {"person_0/broken.jpg": b"no picture"})
    here, there = Path("here"), Path("there")
    words = ["folder", "--source", source, "--template", "dlib", "--out"]

    with ray.init("local", num_cpus=2, namespace="fdemd", include_dashboard=False, log_to_driver=False):
        with one_is_killed("MapWorker", lambda: next(there.rglob("*.png"), None)):
            assert data_prep(*words, there, "--ray", "auto", "--workers", 2)[0] == 0
        status, printed = data_prep(*words, there, "--ray", "auto")
        assert status == 0 and "0 photographs read" in printed
    assert data_prep(*words, here)[0] == 0
    assert digests(there) == digests(here)


def test_ray_that_is_missing_is_told(
    lfw_tar: Path, tmp_path: Path, data_prep: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fdemd.runs.ray_cluster.find_spec", lambda name: None)
    status, printed = data_prep("lfw", "--source", lfw_tar, "--out", tmp_path / "out", "--ray", "auto")
    assert status == 2 and "a Ray cluster needs Ray; pip install 'fdemd[ray]'." in printed
    assert not (tmp_path / "out").exists()
