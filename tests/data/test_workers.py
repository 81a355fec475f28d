"""Workers end with the process that they work for, and leave signals to it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PARENT = """
import os, signal, sys, torch
from torch.utils.data import DataLoader
from fdemd.data.workers import worker_init

class Large(torch.utils.data.Dataset):
    def __len__(self):
        return 1000

    def __getitem__(self, index):
        return {"picture": bytes(1_000_000), "process": os.getpid()}  # more than the pipe to the parent holds

def main():
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    context = {"multiprocessing_context": sys.argv[1]}
    batches = iter(DataLoader(Large(), batch_size=None, num_workers=2, worker_init_fn=worker_init, **context))
    print(*{next(batches)["process"], next(batches)["process"]}, flush=True)
    while input() == "more":
        print(next(batches)["process"], flush=True)

if __name__ == "__main__":
    main()
"""


@pytest.fixture(params=["fork", "spawn"])
def parent(request: pytest.FixtureRequest, tmp_path: Path) -> subprocess.Popen[str]:
    """A process with two workers, in a group of its own; it hands out a number of a worker for each ``more``."""
    script = tmp_path / "parent.py"
    script.write_text(PARENT)
    return subprocess.Popen(
        [sys.executable, str(script), request.param],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def is_alive(process: int) -> bool:
    try:
        return "State:\tZ" not in Path(f"/proc/{process}/status").read_text()
    except FileNotFoundError:
        return False


def until(condition: Callable[[], bool], seconds: float = 30) -> bool:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)
    return condition()


def test_a_killed_parent_takes_its_workers_along(parent: subprocess.Popen[str]) -> None:
    with parent:
        assert parent.stdout
        workers = [int(number) for number in parent.stdout.readline().split()]
        assert len(workers) == 2 and all(map(is_alive, workers))
        parent.kill()
    assert until(lambda: not any(map(is_alive, workers)))


def test_a_signal_to_the_group_leaves_the_workers_to_their_parent(parent: subprocess.Popen[str]) -> None:
    """``scancel`` and Ctrl-C reach every process; the parent still gets the batches that it needs, and ends them."""
    with parent:
        assert parent.stdout and parent.stdin and parent.stderr
        workers = [int(number) for number in parent.stdout.readline().split()]
        for worker in workers:
            os.kill(worker, signal.SIGTERM)
        os.killpg(parent.pid, signal.SIGINT)
        for _ in range(20):
            parent.stdin.write("more\n")
            parent.stdin.flush()
            assert int(parent.stdout.readline()) in workers
        parent.stdin.write("enough\n")
        parent.stdin.close()
        assert parent.wait(60) == 0
        assert parent.stderr.read() == ""
    assert until(lambda: not any(map(is_alive, workers)))


STOPPED = """
import os, sys, time, torch
from torch.utils.data import DataLoader, _utils
_utils.MP_STATUS_CHECK_INTERVAL = 0.2  # seconds that are waited for each worker before it is ended; 5 without this
from fdemd.data.workers import worker_init
from fdemd.cli.exit_status import exit_status

class Slow(torch.utils.data.Dataset):
    def __len__(self):
        return 1000

    def __getitem__(self, index):
        if index > 1:
            time.sleep(1000)
        return os.getpid()

def work():
    batches = iter(DataLoader(Slow(), batch_size=None, num_workers=2, worker_init_fn=worker_init))
    if sys.argv[1] == "kept":
        sys.kept = batches
    print(*{next(batches), next(batches)}, flush=True)
    if sys.argv[1] != "kept":
        next(batches)

if __name__ == "__main__":
    sys.exit(exit_status("program", work))
"""


@pytest.mark.parametrize(
    ("way", "status", "said"), [("stopped", 143, "program: stopped by SIGTERM.\n"), ("kept", 0, "")]
)
def test_a_program_ends_while_its_workers_are_busy(way: str, status: int, said: str, tmp_path: Path) -> None:
    """Stopped while it waits for a batch, or at its end with an iterator that somebody still holds."""
    script = tmp_path / "program.py"
    script.write_text(STOPPED)
    with subprocess.Popen(
        [sys.executable, str(script), way],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as program:
        assert program.stdout and program.stderr
        workers = [int(number) for number in program.stdout.readline().split()]
        assert len(workers) == 2
        if way == "stopped":
            program.send_signal(signal.SIGTERM)
        try:
            assert program.wait(60) == status
        finally:
            program.kill()
        assert program.stderr.read() == said
    assert until(lambda: not any(map(is_alive, workers)))
