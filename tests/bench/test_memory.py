"""Memory that processes have to themselves."""

import mmap
import multiprocessing
from pathlib import Path

import numpy as np
import pytest

from fdemd.bench import memory
from fdemd.bench.memory import own_memory


def test_what_is_taken_is_counted_and_what_is_mapped_is_not(tmp_path: Path) -> None:
    before = own_memory()
    assert before is not None
    np.memmap(tmp_path / "file", np.uint8, mode="w+", shape=(2**24,))[:] = 1
    with mmap.mmap(-1, 2**24, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS) as taken:  # none that was freed before
        for _ in range(16):
            taken.write(bytes(2**20))
        assert 0.9 * 2**24 < own_memory() - before < 1.5 * 2**24


def test_the_memory_of_processes_below_is_counted_once() -> None:
    """A forked process shares all that it does not write to."""
    shared = np.ones(2**27, np.uint8)
    before = own_memory()
    end, other_end = multiprocessing.Pipe()
    process = multiprocessing.get_context("fork").Process(target=other_end.recv)
    process.start()
    try:
        together = own_memory()
    finally:
        end.send(None)
        process.join()
    assert before is not None and together is not None
    assert together - before < len(shared) // 2


def test_a_system_that_does_not_say_is_no_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(memory, "_PROCESSES", tmp_path)
    assert own_memory() is None
