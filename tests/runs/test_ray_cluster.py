"""Work that is spread over a Ray cluster."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from fdemd.errors import InputError
from fdemd.runs import ray_cluster

ray = pytest.importorskip("ray")
ROOT = Path(__file__).parents[2]


def squarer(folder: Path) -> Callable[[int], int]:
    """Squares a number, and leaves a file that says which process began with it."""

    def square(number: int) -> int:
        (folder / f"{number}-{os.getpid()}-{time.time_ns()}").touch()
        time.sleep(0.01)
        if number < 0:
            raise InputError(f"{number} is negative.")
        return number**2

    return square


def test_a_missing_ray_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ray_cluster, "find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"--ray needs Ray; pip install 'fdemd\[ray\]'."):
        ray_cluster.check_installed("--ray")


def test_a_cluster_that_is_not_there_is_told() -> None:
    if ray.is_initialized():
        pytest.skip("Ray runs here")
    with pytest.raises(InputError, match=r"There is no Ray cluster at 127.0.0.1:1 \(.*\); start one with: ray start"):
        ray_cluster.connect("127.0.0.1:1")


def test_sigterm_is_answered_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    monkeypatch.setattr(ray, "init", lambda *words, **options: signal.signal(signal.SIGTERM, lambda *received: None))
    monkeypatch.setattr(ray, "nodes", lambda: [])
    before = signal.getsignal(signal.SIGTERM)
    ray_cluster.connect("auto")
    assert signal.getsignal(signal.SIGTERM) == before


def test_several_machines_want_a_token(monkeypatch: pytest.MonkeyPatch) -> None:
    nodes = [{"NodeManagerAddress": f"10.0.0.{number}", "Alive": True} for number in (1, 2)]
    monkeypatch.setattr(ray, "nodes", lambda: nodes)
    monkeypatch.setattr(ray, "is_initialized", lambda: True)
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    with pytest.raises(InputError, match=r"The Ray cluster at auto runs .*; start it with RAY_AUTH_MODE=token"):
        ray_cluster.connect("auto")
    monkeypatch.setenv("RAY_AUTH_MODE", "token")
    ray_cluster.connect("auto")


def test_a_process_tells_errors_and_goes_on(tmp_path: Path) -> None:
    process = ray_cluster._Process(partial(squarer, tmp_path))
    done = [process._done(number) for number in (3, -1, 2)]
    assert done[::2] == [9, 4] and isinstance(done[1], InputError)


def no_network() -> Callable[[int], int]:
    raise InputError("The network cannot be had.")


def test_what_cannot_begin_is_told_as_well() -> None:
    assert str(ray_cluster._Process(no_network)._done(3)) == "The network cannot be had."


def test_of_no_tasks_nothing_comes() -> None:
    assert list(ray_cluster.map_on_cluster(no_network, [], 1, in_order=True)) == []


@pytest.fixture(scope="module")
def running() -> Iterator[None]:
    """A Ray of this machine."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(ROOT))  # its processes import the tests
        with ray.init("local", num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="ERROR"):
            yield


@pytest.mark.slow
@pytest.mark.parametrize("in_order", [True, False])
def test_every_task_is_done_once_also_if_a_process_is_killed(running: None, tmp_path: Path, in_order: bool) -> None:
    killed = list[int]()

    def kill() -> None:
        while not (begun := [int(path.name.split("-")[1]) for path in tmp_path.iterdir()]):
            time.sleep(0.05)
        killed.append(begun[0])
        os.kill(begun[0], signal.SIGKILL)

    killer = threading.Thread(target=kill, daemon=True)
    killer.start()
    done = list(ray_cluster.map_on_cluster(partial(squarer, tmp_path), range(600), 20, in_order=in_order))
    killer.join(10)
    assert killed
    assert (done if in_order else sorted(done)) == [number**2 for number in range(600)]


def deadly() -> Callable[[int], None]:
    return lambda number: os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.slow
def test_a_task_that_kills_every_process_is_given_up(running: None) -> None:
    with pytest.raises(InputError, match="The Ray cluster cannot do it"):
        list(ray_cluster.map_on_cluster(deadly, [1], 1, in_order=False))


@pytest.mark.slow
def test_the_error_of_a_task_ends_all(running: None, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="-1 is negative"):
        list(ray_cluster.map_on_cluster(partial(squarer, tmp_path), [1, -1, 2], 1, in_order=False))
