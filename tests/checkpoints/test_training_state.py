"""Checkpoints of a training: whole or not there, and nothing in them runs."""

import itertools
import multiprocessing
import time
from multiprocessing.synchronize import Event
from pathlib import Path

import pytest
import torch

from fdemd.checkpoints.training_state import PlainCheckpoints, read_checkpoint, read_state
from fdemd.checkpoints.weights import read_weights
from fdemd.errors import InputError


def test_a_pickle_that_asks_for_more_than_tensors_is_not_run(tmp_path: Path) -> None:
    path = tmp_path / "last.ckpt"
    PlainCheckpoints().save_checkpoint({"state_dict": {}, "loops": {}, "fdemd": bytearray(5)}, path)
    with pytest.raises(InputError, match="cannot be read"):
        read_state(path)


def _save_for_ever(path: Path, saved: Event) -> None:
    torch.set_num_threads(1)  # a forked process has none of the threads of its parent
    for step in itertools.count():
        state = {"weight": torch.full((2_000_000,), float(step))}
        content = {"state_dict": state, "loops": {}, "fdemd": {}, "global_step": step}
        PlainCheckpoints().save_checkpoint(content, path)
        saved.set()


def test_a_kill_while_saving_leaves_a_checkpoint_that_loads(tmp_path: Path) -> None:
    path, forked = tmp_path / "last.ckpt", multiprocessing.get_context("fork")
    for delay in (0.01, 0.03):
        saved = forked.Event()
        process = forked.Process(target=_save_for_ever, args=(path, saved))
        process.start()
        assert saved.wait(60)
        time.sleep(delay)
        process.kill()
        process.join()
        checkpoint = read_checkpoint(path)
        assert (checkpoint["state_dict"]["weight"] == checkpoint["global_step"]).all()
    assert (read_weights(path)["weight"] == read_checkpoint(path)["global_step"]).all()


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=r"last.ckpt cannot be written"):
        PlainCheckpoints().save_checkpoint({}, tmp_path / "file" / "last.ckpt")
