"""A process of its own for what is measured, so that nothing before it takes memory or has loaded anything."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import active_children, get_context, set_start_method

from fdemd.data.workers import end_with_parent


@contextmanager
def own_process() -> Iterator[ProcessPoolExecutor]:
    """Give a pool of one new process, for a ``with`` block. It ends with the block or with this process."""
    others = active_children()
    with ProcessPoolExecutor(1, get_context("spawn"), _begin) as pool:
        try:
            yield pool
        except BaseException:  # such as Ctrl-C: what is measured may take an hour
            for child in active_children():
                if child not in others:
                    child.kill()
            raise


def _begin() -> None:
    """Let the process begin others as one does that was started from the command line, and not as it was begun."""
    end_with_parent()
    set_start_method(None, force=True)
