"""Preparations that are killed at every moment, and whose faces, journals, folders and disks fail."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from data_prep.__main__ import main
from fdemd.files.ownership import MARK
from tests.breaking.conftest import Tally
from tests.data_prep.conftest import digests, many_lfw_files, write_pack, write_tar

pytestmark = pytest.mark.slow

REPOSITORY = Path(__file__).resolve().parents[2]
KILLER = r"""
import contextlib, hashlib, io, json, os, signal, sys
from pathlib import Path

from data_prep.__main__ import main

source, folder = sys.argv[1:]
moment = 0

def hook(event, arguments):
    '''Dies before the n-th change of the disk, whichever it is.'''
    global moment
    path = arguments[0] if arguments else None
    writes = event in ("os.rename", "os.mkdir", "os.remove", "os.rmdir", "os.link", "os.truncate") or (
        event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR)
    )
    if moment and writes and isinstance(path, (str, int)) and (isinstance(path, int) or path.startswith(folder)):
        moment -= 1
        if not moment:
            os.kill(os.getpid(), signal.SIGKILL)

def prepared(out, kill_before):
    '''Prepares in a process of its own; gives how it ended.'''
    if pid := os.fork():
        return os.waitpid(pid, 0)[1]
    global moment
    moment = kill_before
    os._exit(prepare(out))

def prepare(out):
    with contextlib.redirect_stdout(io.StringIO()):
        return main(["pack", "--source", source, "--out", out, "--workers", "1"])

def digests(out):
    files = sorted(file for file in Path(out).rglob("*") if file.is_file())
    return {str(file.relative_to(out)): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}

sys.addaudithook(hook)
straight = f"{folder}/straight"
assert prepare(straight) == 0  # in this process, so that all others have its modules and the landmark model
n, killed = 1, True
while killed:
    out = f"{folder}/{n}"
    killed = prepared(out, n) == signal.SIGKILL
    print(json.dumps([n, killed, prepared(out, 0), digests(out) == digests(straight)]), flush=True)
    n += 1
"""


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    return write_pack(tmp_path / "some.bin", 20)


@pytest.fixture
def arguments(pack: Path, tmp_path: Path) -> list[str]:
    """A preparation of 40 faces in ``out``, done in a moment."""
    return ["pack", "--source", str(pack), "--out", str(tmp_path / "out"), "--workers", "1"]


@pytest.fixture
def prepared(arguments: list[str], tmp_path: Path) -> dict[str, str]:
    """Digests of all files of the preparation, which has been done."""
    assert main(arguments) == 0
    return digests(tmp_path / "out")


def test_killed_before_each_change_of_the_disk(tmp_path: Path, tally: Tally) -> None:
    source = write_pack(tmp_path / "few.bin", 2)
    (tmp_path / "killed").mkdir()
    command = [sys.executable, "-c", KILLER, str(source), str(tmp_path / "killed")]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=True)
    attempts = [json.loads(line) for line in done.stdout.splitlines()]
    assert [attempt[0] for attempt in attempts] == list(range(1, len(attempts) + 1))
    kills = [attempt for attempt in attempts if attempt[1]]
    assert len(kills) == len(attempts) - 1 > 30
    tally(
        "preparation killed before each change of the disk, then run again",
        len(kills),
        sum(a[2:] == [0, True] for a in kills),
    )


@pytest.mark.parametrize("kill", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_killed_with_its_workers_when_the_journal_has_grown(
    kill: signal.Signals, tmp_path: Path, tally: Tally, capfd: pytest.CaptureFixture[str]
) -> None:
    source, out, straight = write_tar(tmp_path / "lfw.tar", many_lfw_files()), tmp_path / "out", tmp_path / "straight"
    command = ["lfw", "--source", str(source), "--workers"]
    held = times = 0
    for lines in (33, 65):  # the first and the second portion
        process = subprocess.Popen(
            [sys.executable, "-m", "data_prep", *command, "2", "--out", str(out)],
            cwd=REPOSITORY,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # shells ignore it in the background
        )
        journal = out / "journal.jsonl"
        until_it_has(lines, journal, process)
        process.send_signal(kill)
        _, errors = process.communicate(timeout=60)
        times += 1
        held += is_gone(process.pid) and process.returncode != 0 and "Traceback" not in errors
    assert main([*command, "1", "--out", str(out)]) == 0
    assert main([*command, "1", "--out", str(straight)]) == 0
    held *= digests(out) == digests(straight)
    tally(f"preparation by two workers ended by {kill.name}, then run again", times, held)


def until_it_has(lines: int, journal: Path, process: subprocess.Popen[str]) -> None:
    """Wait for a journal to have so many lines, or for the process that writes it to end."""
    deadline = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < deadline:
        if journal.is_file() and journal.read_bytes().count(b"\n") >= lines:
            return
        time.sleep(0.02)


def is_gone(group: int) -> bool:
    """Whether no process of the group is left, or only for moments."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.02)
    return False


def spoilt(content: bytes, rng: random.Random) -> bytes:
    """A file as disks, crashes and people leave it."""
    place, length = rng.randrange(len(content)), rng.randrange(1, 64)
    match rng.randrange(6):
        case 0:
            return b""
        case 1:
            return content[:place]
        case 2:
            return content[:place] + bytes([content[place] ^ 1 << rng.randrange(8)]) + content[place + 1 :]
        case 3:
            return content[:place] + bytes(len(content) - place)
        case 4:
            return content[:place] + rng.randbytes(length) + content[place:]
        case _:
            return content[:place] + content[place + length :]


def test_damaged_faces(arguments: list[str], prepared: dict[str, str], tmp_path: Path, tally: Tally) -> None:
    rng, out = random.Random(0), tmp_path / "out"
    faces = sorted((out / "faces").rglob("*.png"))
    held, times = 0, 100
    for _ in range(times):
        face, other = rng.sample(faces, 2)
        damaged = other.read_bytes() if rng.random() < 0.15 else spoilt(face.read_bytes(), rng)
        face.write_bytes(damaged)
        held += main(arguments) == 0 and digests(out) == prepared
    tally("prepared face emptied, cut, changed or exchanged, then run again", times, held)


def test_damaged_journals(
    arguments: list[str], prepared: dict[str, str], tmp_path: Path, tally: Tally, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same bytes again, or (its first line says that faces were made otherwise) a sentence."""
    rng, out = random.Random(0), tmp_path / "out"
    journal, manifest = out / "journal.jsonl", out / "manifest.csv"
    content = journal.read_bytes()
    held, times = 0, 200
    for attempt in range(times):
        lines = content.splitlines(keepends=True)
        row = rng.randrange(len(lines)) if attempt % 4 else 0
        lines[row] = spoilt(lines[row], rng)
        journal.write_bytes(b"".join(lines))
        status = main(arguments)
        error = capsys.readouterr().err
        if status:
            held += status == 2 and "prepared otherwise" in error and error.count("\n") == 1 and manifest.is_file()
            journal.write_bytes(content)
        else:
            held += digests(out) == prepared
    tally("journal of a preparation damaged, then run again", times, held)


def _folder_in_place(name: str) -> Callable[[Path], object]:
    def spoil(out: Path) -> None:
        (out / name).unlink()
        (out / name / "theirs").mkdir(parents=True)

    return spoil


DAMAGE: dict[str, Callable[[Path], object]] = {
    "the mark is gone": lambda out: (out / MARK).unlink(),
    "the mark is empty": lambda out: (out / MARK).write_bytes(b""),
    "the journal is gone": lambda out: (out / "journal.jsonl").unlink(),
    "the journal is empty": lambda out: (out / "journal.jsonl").write_bytes(b""),
    "all faces are gone": lambda out: shutil.rmtree(out / "faces"),
    "the manifest is gone": lambda out: (out / "manifest.csv").unlink(),
    "the report is empty": lambda out: (out / "report.json").write_bytes(b""),
    "the lists are gone": lambda out: shutil.rmtree(out / "lists"),
    "a file was being written": lambda out: (out / "faces" / f".{'ab' * 8}.part").write_bytes(b"half"),
}
REFUSED: dict[str, Callable[[Path], object]] = {
    "the mark and the journal are gone": lambda out: [(out / name).unlink() for name in (MARK, "journal.jsonl")],
    "the mark is that of a cache": lambda out: (out / MARK).write_text('{"made by": "fdemd", "holds": "a cache"}'),
    "the journal is a folder": _folder_in_place("journal.jsonl"),
    "the manifest is a folder": _folder_in_place("manifest.csv"),
    "a face is a folder": lambda out: _folder_in_place(str(next((out / "faces").rglob("*.png"))))(out),
}


def test_damaged_folders(
    arguments: list[str], prepared: dict[str, str], tmp_path: Path, tally: Tally, capsys: pytest.CaptureFixture[str]
) -> None:
    """What can be made again is made again; where that would overwrite what is not ours, it is told."""
    out, sound = tmp_path / "out", shutil.copytree(tmp_path / "out", tmp_path / "sound")
    held = 0
    for spoil in (*DAMAGE.values(), *REFUSED.values()):
        shutil.rmtree(out)
        shutil.copytree(sound, out)
        spoil(out)
        before = digests(out)
        status, error = main(arguments), capsys.readouterr().err
        if spoil in DAMAGE.values():
            held += status == 0 and digests(out) == prepared
        else:
            held += status == 2 and error.count("\n") <= 2 and before.keys() <= digests(out).keys()
    tally("output folder of a preparation damaged, then run again", len(DAMAGE) + len(REFUSED), held)


@pytest.mark.parametrize("workers", ["1", "2"])
def test_full_disks(
    workers: str,
    pack: Path,
    tmp_path: Path,
    small_disk: Callable[[int], Path],
    tally: Tally,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """One sentence that names what is full and what is needed; with room again, the same command goes on."""
    straight, disk = tmp_path / "straight", small_disk(4)
    command = ["pack", "--source", str(pack), "--workers", workers, "--out"]
    assert main([*command[:-2], "1", "--out", str(straight)]) == 0
    out, filler = disk / "out", disk / "filler"
    capfd.readouterr()
    rooms = [8 << 10, 64 << 10, 256 << 10, 400 << 10, 512 << 10] if workers == "1" else [400 << 10]
    held = 0
    for room in rooms:
        shutil.rmtree(out, ignore_errors=True)
        filler.write_bytes(bytes(shutil.disk_usage(disk).free - room))
        status, error = main([*command, str(out)]), capfd.readouterr().err
        told = status == 2 and error.count("\n") == 1 and "The disk is full: ".lower() in error.lower()
        told &= str(out) in error
        filler.unlink()
        held += told and main([*command, str(out)]) == 0 and digests(out) == digests(straight)
        capfd.readouterr()
    tally(f"disk full while preparing with {workers} workers, then run again with room", len(rooms), held)
