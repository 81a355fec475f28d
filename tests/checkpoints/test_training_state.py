"""Checkpoints of a training: whole or not there, and nothing in them runs."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from fdemd.checkpoints.training_state import PlainCheckpoints, read_checkpoint, read_state
from fdemd.checkpoints.weights import read_weights
from fdemd.errors import InputError

ROOT = Path(__file__).resolve().parents[2]


def test_a_pickle_that_asks_for_more_than_tensors_is_not_run(tmp_path: Path) -> None:
    path = tmp_path / "last.ckpt"
    PlainCheckpoints().save_checkpoint({"state_dict": {}, "loops": {}, "fdemd": bytearray(5)}, path)
    with pytest.raises(InputError, match="cannot be read"):
        read_state(path)


def test_a_kill_while_saving_leaves_a_checkpoint_that_loads(tmp_path: Path) -> None:
    path = tmp_path / "last.ckpt"
    script = (
        "import torch, itertools; from pathlib import Path\n"
        "from fdemd.checkpoints.training_state import PlainCheckpoints\n"
        "for step in itertools.count():\n"
        "    state = {'weight': torch.full((2_000_000,), float(step))}\n"
        "    content = {'state_dict': state, 'loops': {}, 'fdemd': {}, 'global_step': step}\n"
        f"    PlainCheckpoints().save_checkpoint(content, Path({str(path)!r}))\n"
        "    print(step, flush=True)\n"
    )
    for delay in (0.01, 0.03):
        with subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE) as process:
            assert process.stdout
            process.stdout.readline()
            time.sleep(delay)
            os.kill(process.pid, signal.SIGKILL)
        checkpoint = read_checkpoint(path)
        assert (checkpoint["state_dict"]["weight"] == checkpoint["global_step"]).all()
    assert (read_weights(path)["weight"] == read_checkpoint(path)["global_step"]).all()


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=r"last.ckpt cannot be written"):
        PlainCheckpoints().save_checkpoint({}, tmp_path / "file" / "last.ckpt")
