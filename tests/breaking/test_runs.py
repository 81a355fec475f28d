"""Runs that are broken on purpose: a disk that fills up, a folder that may not be written, a kill, little memory."""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import yaml
from PIL import Image

import fdemd.report.identification
import fdemd.report.open_set
import fdemd.report.study
import fdemd.report.verification
from fdemd.cli.command_line import main
from fdemd.jobs import run
from tests.breaking.conftest import Tally

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
REPORTS = {
    "identification": fdemd.report.identification.IdentificationReport,
    "open_set": fdemd.report.open_set.OpenSetReport,
    "study": fdemd.report.study.StudyReport,
    "pairs": fdemd.report.verification.VerificationReport,
}
LEFT = (0, 4, 8, 16, 32, 64, 128, 256)
"""KiB that are left on the disk when the results are to be written."""


def words_of(job: str, people: Path) -> list[str]:
    """The command line of a job on a folder of people."""
    given = ["data=folder", f"data.root='{people}'", "data.num_workers=0", "logger=none"]
    if job == "pairs":
        lines = [f"s{n}/{i}.pgm s{n}/{i + 1}.pgm 1" for n in (1, 2, 3, 4) for i in (1, 2, 3)]
        lines += [f"s{n}/{i}.pgm s{n + 1}/{i}.pgm 0" for n in (1, 2, 3, 4) for i in (1, 2, 3)]
        (people.parent / "pairs.txt").write_text("\n".join(lines))
        return [*given[1:], "data=pairs", f"data.pairs='{people.parent / 'pairs.txt'}'", "rerank=none"]
    kinds = {
        "identification": ["--no-rerank"],
        "open_set": ["--no-rerank", "experiment=open_set"],
        "study": ["experiment=ood", "study.methods=[{method: query_expansion}]"],
    }
    return [*given, "query=[clean,mask]", *kinds[job]]


def fill(disk: Path, left: int) -> None:
    """Write until ``left`` KiB are free."""
    with (disk / "filler").open("wb") as file:
        file.write(bytes(max(0, shutil.disk_usage(disk).free - left * 1024)))


def is_whole(path: Path) -> bool:
    """Whether a file of results can be read to its end."""
    content = path.read_bytes()
    match path.suffix:
        case ".json":
            return bool(json.loads(content))
        case ".yaml":
            return bool(yaml.safe_load(content))
        case ".csv":
            return content.endswith(b"\n") and len({len(row) for row in csv.reader(content.decode().splitlines())}) == 1
        case ".png":
            with Image.open(path) as picture:
                picture.load()
            return True
        case ".svg":
            return content.rstrip().endswith(b"</svg>")
        case ".html":
            return content.rstrip().endswith(b"</html>")
        case ".md":
            return content.startswith(b"### ")
    raise AssertionError(f"{path} is no file of results")


@pytest.mark.parametrize("job", REPORTS)
def test_a_disk_that_fills_up_while_results_are_written(
    job: str,
    people: Path,
    small_disk: Callable[[int], Path],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tally: Tally,
) -> None:
    report, held = REPORTS[job], 0
    write = report.write
    for left in LEFT:
        disk = small_disk(6)
        with monkeypatch.context() as patch:

            def on_a_full_disk(*arguments: object, disk: Path = disk, left: int = left) -> None:
                fill(disk, left)
                write(*arguments)

            patch.setattr(report, "write", on_a_full_disk)
            status = main("evaluate", run, "test", [*words_of(job, people), f"output='{disk}'"])
        told = capsys.readouterr().err.strip().splitlines()
        files = [path for path in disk.rglob("*") if path.is_file() and path.name != "filler"]
        whole = all(is_whole(path) for path in files)
        if status == 0:  # what was left was enough
            held += whole and any(path.name == "results.json" for path in files)
        else:
            sentence = told[-1].startswith("evaluate: the disk is full:") and str(disk) in told[-1]
            held += status == 2 and sentence and whole
    tally(f"a disk full while the results of {job} are written", len(LEFT), held)


def evaluate(*words: str, before: Sequence[str] = (), program: str = "evaluate.py") -> subprocess.CompletedProcess[str]:
    """Run the program as a user does, behind another command."""
    command = [*before, sys.executable, str(ROOT / program), *words]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)


def test_a_place_that_may_not_be_written_is_told_before_the_work(
    people: Path, tmp_path: Path, as_other_user: list[str], tally: Tally
) -> None:
    shut = tmp_path / "shut"
    (shut / "inner").mkdir(parents=True)
    (tmp_path / "file").touch()
    places = [shut, shut / "inner" / "new", tmp_path / "file" / "new", Path("/proc")]
    (shut / "inner").chmod(0o555)
    shut.chmod(0o555)
    held = 0
    for place in places:
        words = [*words_of("identification", people), f"output='{place}'", f"data.cache='{tmp_path / 'cache'}'"]
        done = evaluate(*words, before=as_other_user)
        lines = done.stderr.strip().splitlines()
        early = not (tmp_path / "cache").exists()
        told = len(lines) == 1 and str(place) in lines[0] and "output=PATH" in lines[0]
        held += done.returncode == 2 and told and early
    shut.chmod(0o755)
    tally("an output folder that may not be written", len(places), held)


def children(pid: int) -> list[int]:
    """Processes that a process has started."""
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def wait_for(condition: Callable[[], bool], seconds: float = 60) -> bool:
    """Whether it comes true in time."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


@pytest.mark.parametrize("stage", ["aligning", "embedding"])
def test_a_kill_leaves_no_worker_behind(stage: str, tmp_path: Path, tally: Tally) -> None:
    times, held = 2, 0
    words = ["--no-rerank", "query=[clean]", "data.num_workers=2", f"output='{tmp_path / 'out'}'"]
    cache = tmp_path / "cache"
    words.append(f"data.cache='{cache}'")
    if stage == "embedding":
        assert evaluate(*words).returncode == 0
    for _ in range(times):
        shutil.rmtree(cache / "features", ignore_errors=True)
        command = [sys.executable, str(ROOT / "evaluate.py"), *words]
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        assert wait_for(lambda process=process: len(children(process.pid)) >= 2)
        workers = children(process.pid)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        held += wait_for(lambda workers=workers: not any(map(is_running, workers)))
    tally(f"kill -9 while {stage}: no worker is left", times, held)


def figures(folder: Path) -> list[dict[str, object]]:
    (results,) = folder.glob("*/results.json")
    return list(json.loads(results.read_text())["results"])


def in_little_memory(size: str) -> list[str]:
    """What to put before a command so that its processes can share so much memory only."""
    if os.getuid():
        pytest.skip("only root may mount a small /dev/shm")
    return ["unshare", "-m", "sh", "-c", f'mount -t tmpfs -o size={size} none /dev/shm && exec "$@"', "sh"]


def test_the_first_command_of_the_readme_where_docker_gives_64_mb(tmp_path: Path, tally: Tally) -> None:
    """All the AT&T faces in batches of 64, as the README has it; one kind of query, since each is the same work."""
    words = ["--no-rerank", "query=[clean]", f"output='{tmp_path / 'out'}'", f"data.cache='{tmp_path / 'cache'}'"]
    done = evaluate(*words, before=in_little_memory("64m"))
    assert done.returncode == 0, done.stderr
    (first, *_) = figures(tmp_path / "out")
    tally("64 MB of /dev/shm", 1, int(first["P@1"] == 100 and "Faces are read by" not in done.stderr))


@pytest.mark.parametrize("size", ["4m", "1m"])
def test_little_shared_memory_costs_time_not_the_run(size: str, people: Path, tmp_path: Path, tally: Tally) -> None:
    before = in_little_memory(size)
    words = [*words_of("identification", people), "data.num_workers=2", f"data.cache='{tmp_path / 'cache'}'"]
    done = evaluate(*words, f"output='{tmp_path / 'out'}'", before=before)
    assert done.returncode == 0, done.stderr
    assert "Faces are read by" in done.stderr
    shutil.rmtree(tmp_path / "cache")
    usual = evaluate(*words, f"output='{tmp_path / 'usual'}'")
    assert usual.returncode == 0, usual.stderr
    same = figures(tmp_path / "out") == figures(tmp_path / "usual")
    training = ["data=folder", f"data.root='{people}'", "trainer=cpu", "trainer.max_steps=2", "data.batch_size=8"]
    training += ["validation.people=2", "logger=none", "data.num_workers=2", f"output='{tmp_path / 'trained'}'"]
    trained = evaluate(*training, before=before, program="train.py")
    assert trained.returncode == 0, trained.stderr
    tally(f"{size} of /dev/shm, evaluating and training", 2, same + (trained.returncode == 0))
