"""A process of its own for what is measured, so that nothing before it takes memory or has loaded anything."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from fdemd.data.workers import end_with_parent


def own_process() -> ProcessPoolExecutor:
    """Return a pool of one new process. It ends with this one, however this one ends."""
    return ProcessPoolExecutor(1, get_context("spawn"), end_with_parent)
