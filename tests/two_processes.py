"""A process group of two, for what processes compute together."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from torch import distributed, multiprocessing

PATIENCE = timedelta(seconds=120)


def in_two_processes(work: Callable[[int, str], None], folder: Path) -> None:
    """Call ``work(rank, folder)`` in this process and, at the same time, in another one of its group."""
    other = multiprocessing.spawn(_joined, (1, work, str(folder)), nprocs=1, join=False)
    try:
        _joined(0, 0, work, str(folder))
    finally:
        while not other.join():
            pass


def _joined(_: int, rank: int, work: Callable[[int, str], None], folder: str) -> None:
    meeting = f"file://{folder}/meeting"
    distributed.init_process_group("gloo", init_method=meeting, rank=rank, world_size=2, timeout=PATIENCE)
    try:
        work(rank, folder)
    finally:
        distributed.destroy_process_group()
