import multiprocessing
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from fdemd.errors import InputError
from fdemd.files.lock import Lock, _held, alone_in


def test_one_run_at_a_time_works_in_a_folder(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), alone_in(tmp_path, "stop it first"):
        raise ZeroDivisionError
    with (
        alone_in(tmp_path, "stop it first"),
        pytest.raises(InputError, match=r"Another run is at work in .*; wait until it has ended, or stop it first\."),
        alone_in(tmp_path, "stop it first"),
    ):
        pass
    assert not list(tmp_path.iterdir()), "a lock leaves nothing behind"


def test_a_lock_ends_with_its_process(tmp_path: Path) -> None:
    program = (
        "import sys\nfrom pathlib import Path\nfrom fdemd.files.lock import Lock\n"
        "lock = Lock(Path(sys.argv[1]), wait=False)\nprint('held', flush=True)\ninput()\n"
    )
    command = [sys.executable, "-c", program, str(tmp_path)]
    root = Path(__file__).resolve().parents[2]
    with subprocess.Popen(command, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(BlockingIOError):
            Lock(tmp_path, wait=False)
        holder.send_signal(signal.SIGKILL)
    Lock(tmp_path, wait=False).release()


def test_a_child_process_does_not_keep_the_lock_of_its_parent(tmp_path: Path) -> None:
    held, free = multiprocessing.Event(), multiprocessing.Event()
    lock = Lock(tmp_path, wait=False)
    child = multiprocessing.get_context("fork").Process(target=lambda: (held.set(), free.wait()))
    child.start()
    held.wait()
    os.close(lock._descriptor)  # as the system does when the parent is killed
    _held.remove(lock)  # or each later child of this process closes whatever gets the number of the descriptor next
    Lock(tmp_path, wait=False).release()
    free.set()
    child.join()


def test_a_lock_knows_its_file_again(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.touch()
    lock = Lock(path, wait=False)
    assert lock.is_on(path)
    path.rename(tmp_path / "moved")
    assert not lock.is_on(path)
    lock.release()
    lock.release()
