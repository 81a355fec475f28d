"""What is measured runs in a new process, which does not outlive the one that asked for it."""

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from fdemd.bench.own_process import own_process

_ASKS = """
import os, time
from fdemd.bench.own_process import own_process
if __name__ == "__main__":
    with own_process() as process:
        print(process.submit(os.getpid).result(), flush=True)
        process.submit(time.sleep, 600).result()
"""


def test_an_error_does_not_wait_for_what_is_measured() -> None:
    began = time.monotonic()
    with pytest.raises(KeyError), own_process() as process:
        process.submit(time.sleep, 600)
        raise KeyError
    assert time.monotonic() - began < 60


def test_it_is_another_process_that_begins_others_as_this_one_does() -> None:
    with own_process() as process:
        assert process.submit(os.getpid).result() != os.getpid()
        assert process.submit(multiprocessing.get_start_method).result() == multiprocessing.get_start_method()


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_it_ends_with_the_one_that_asked(number: signal.Signals, tmp_path: Path) -> None:
    (tmp_path / "asks.py").write_text(_ASKS)
    asking = subprocess.Popen(
        [sys.executable, str(tmp_path / "asks.py")],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert asking.stdout is not None
    other = int(asking.stdout.readline())
    asking.send_signal(number)
    asking.communicate()
    end = time.monotonic() + 30
    while time.monotonic() < end:
        try:
            os.kill(other, 0)
        except ProcessLookupError:
            return
        time.sleep(0.1)
    pytest.fail("it is still there")
