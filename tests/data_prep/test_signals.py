"""Ctrl-C is answered once, by the process that a person started."""

import os
import signal
import subprocess
import sys

import pytest

from data_prep.signals import left_to_this_process


def test_a_process_started_meanwhile_does_not_hear_ctrl_c() -> None:
    script = "import os, signal; os.kill(os.getpid(), signal.SIGINT); print('still here')"
    with left_to_this_process():
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "still here\n"


def test_this_process_answers_after_the_block() -> None:
    with pytest.raises(KeyboardInterrupt), left_to_this_process():
        os.kill(os.getpid(), signal.SIGINT)
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, ())
