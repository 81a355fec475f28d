"""A Ray cluster: the way to it, and work that is spread over all its machines.

Ray is imported only by those who use it: it is an extra, and takes a second.
"""

from __future__ import annotations

import logging
import os
import pickle
import signal
import socket
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from importlib.util import find_spec
from typing import Any, TypeVar

import cv2

from fdemd.cli.memory import keep_freed_memory
from fdemd.errors import InputError

NAMESPACE = "fdemd"
_REACHED = 5.0
"""Seconds within which the machine of an address must answer."""
_TOLD = 300
"""Characters of what Ray says of an error, at most."""
_REPEATS = 4
"""How often the tasks of a process that died are begun again: some may kill whatever process takes them."""
_Task = TypeVar("_Task")
_Done = TypeVar("_Done")


def check_installed(what: str) -> None:
    """Check that Ray is there.

    Args:
        what: What needs it, as an error begins, such as ``--ray``.

    Raises:
        InputError: It is not installed.
    """
    if find_spec("ray") is None:
        raise InputError(f"{what} needs Ray; pip install 'fdemd[ray]'.")


def connect(address: str) -> None:
    """Connect this process to a Ray cluster, unless it is connected.

    Args:
        address: ``HOST:PORT``, or ``auto`` for the cluster that this machine belongs to.

    Raises:
        InputError: Ray is missing, or the cluster cannot be reached, or has several machines and runs whatever anybody
            sends.
    """
    check_installed("A Ray cluster")
    import ray
    from ray.exceptions import RayError

    if not ray.is_initialized():
        _check_reachable(address)
        on_sigterm = signal.getsignal(signal.SIGTERM)
        try:
            ray.init(address, namespace=NAMESPACE, log_to_driver=False, logging_level=logging.ERROR)
        except (ConnectionError, RayError, RuntimeError, ValueError) as error:
            reason = str(error).partition("\n")[0].rstrip(".")
            raise InputError(
                f"There is no Ray cluster at {address} ({reason}); start one with: ray start --head."
            ) from error
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, on_sigterm)  # Ray has put its own there
    if count_machines() > 1 and os.environ.get("RAY_AUTH_MODE", "").lower() != "token":
        raise InputError(
            f"The Ray cluster at {address} runs whatever anybody who reaches it sends; start it with "
            "RAY_AUTH_MODE=token."
        )


def count_machines() -> int:
    """Return how many machines the cluster has that this process is connected to."""
    import ray

    return len({node["NodeManagerAddress"] for node in ray.nodes() if node["Alive"]})


def count_cores() -> int:
    """Return how many processor cores it has."""
    import ray

    return int(ray.cluster_resources().get("CPU", 0))


def map_on_cluster(
    make: Callable[[], Callable[[_Task], _Done]],
    tasks: Sequence[_Task],
    at_once: int,
    *,
    in_order: bool,
    processes: int | None = None,
) -> Iterator[_Done]:
    """Do tasks on all machines of the cluster that this process is connected to.

    A process that dies is replaced, and the tasks that it had are repeated.

    Args:
        make: Makes what does a task, once in each process; like tasks and what becomes of them it is pickled.
        tasks: The tasks.
        at_once: Tasks that a process takes together, and tells of together.
        in_order: Whether to return what became of them in their order; otherwise as they are done.
        processes: Number of processes at most; None for one a core.

    Raises:
        InputError: One that ``make`` or a task raised, or the cluster cannot do the tasks.
    """
    import ray.data
    from ray.data.exceptions import ExecutionTimeoutError
    from ray.exceptions import RayError, RayTaskError

    if not tasks:
        return
    context = ray.data.DataContext.get_current()
    context.execution_options.preserve_order = in_order
    context.enable_progress_bars = False
    logging.getLogger("ray.data").setLevel(logging.CRITICAL)  # it tells errors that are told here, with tracebacks
    rows = ray.data.from_items(
        [{"task": pickle.dumps(task)} for task in tasks], override_num_blocks=-(-len(tasks) // at_once)
    )
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*ray_remote_args")  # there is no other way yet to bound the repeats
        mapped = rows.map_batches(
            _Process,
            fn_constructor_args=(make,),
            batch_size=at_once,
            compute=ray.data.ActorPoolStrategy(min_size=1, max_size=max(1, processes or count_cores())),
            num_cpus=1,
            max_task_retries=_REPEATS,
        )
    try:
        for row in mapped.iter_rows():
            done = pickle.loads(row["done"])  # what a process of this cluster wrote
            if isinstance(done, InputError):
                raise done
            yield done
    except RayTaskError:
        raise  # a mistake of fdemd's
    except (RayError, ExecutionTimeoutError) as error:
        reason = " ".join(str(error).split())[:_TOLD].rstrip(".")
        raise InputError(
            f"The Ray cluster cannot do it ({reason}). Has every machine this version of fdemd, a free processor core "
            "and memory enough? Once it has, do the same again."
        ) from error


class _Process:
    """Does tasks, in a process of the cluster. An error to be told is returned: Ray would wrap one that is raised."""

    def __init__(self, make: Callable[[], Callable[[Any], Any]]) -> None:
        self._make = make
        self._work: Callable[[Any], Any] | None = None
        cv2.setNumThreads(1)
        keep_freed_memory()

    def __call__(self, rows: dict[str, Any]) -> dict[str, list[bytes]]:
        return {"done": [pickle.dumps(self._done(pickle.loads(task))) for task in rows["task"]]}

    def _done(self, task: Any) -> Any:
        try:
            self._work = self._work or self._make()
            return self._work(task)
        except InputError as error:
            return error


def _check_reachable(address: str) -> None:
    """Tell in seconds that nothing listens at HOST:PORT, for which Ray would look for a minute."""
    host, _, port = address.rpartition(":")
    if not host or "://" in host or not port.isdigit():
        return
    try:
        socket.create_connection((host, int(port)), timeout=_REACHED).close()
    except OSError as error:
        raise InputError(
            f"There is no Ray cluster at {address} ({error.strerror or error}); start one with: ray start --head."
        ) from error
