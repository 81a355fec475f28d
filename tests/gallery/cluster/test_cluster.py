"""Three machines under load, of which actors and one machine are killed. Prints tables of what it took.

FDEMD_CLUSTER_FACES=300000 takes another number of faces than 30,000, FDEMD_CLUSTER_RATE another number of requests a
second than 20.
"""

import os
import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from fdemd.bench.gallery_making import fill
from fdemd.gallery.cluster import opening
from fdemd.gallery.cluster.settings import Cluster
from fdemd.gallery.gallery import Gallery
from fdemd.gallery.identification import Identification
from fdemd.report.table import Table, print_tables
from tests.gallery.made_gallery import MadeReader, open_made, photograph
from tests.ray_processes import below, named

ray = pytest.importorskip("ray")
pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[3]
FACES = int(os.environ.get("FDEMD_CLUSTER_FACES", "30000"))
PEOPLE, QUERIES, UNDER_LOAD = 300, 500, 100
MACHINES, SHARDS, REPLICAS = 3, 6, 2
RATE, CLIENTS = float(os.environ.get("FDEMD_CLUSTER_RATE", "20")), 8
ENVIRONMENT = {
    "PYTHONPATH": str(ROOT),  # the processes of the cluster import fdemd
    "RAY_worker_niceness": "0",  # else shards wait for whatever else this machine does
    "RAY_prestart_worker_first_driver": "0",
}
CALM = 20
"""Seconds under load before anything is killed, and after all is well again."""


@pytest.fixture(scope="module")
def machines() -> Iterator["ray.cluster_utils.Cluster"]:
    """Three Ray nodes on this machine."""
    from ray.cluster_utils import Cluster as RayCluster

    os.environ.update(ENVIRONMENT)
    of_each = {"num_cpus": SHARDS * REPLICAS // (MACHINES - 1), "object_store_memory": 100 * 2**20}
    cluster = RayCluster(initialize_head=True, head_node_args={**of_each, "include_dashboard": False})
    for _ in range(MACHINES - 1):
        cluster.add_node(**of_each)
    ray.init(cluster.address, namespace="fdemd", log_to_driver=False, logging_level="ERROR")
    yield cluster
    ray.shutdown()
    cluster.shutdown()


@pytest.fixture(scope="module")
def gallery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gallery]:
    """A gallery in one process: known people among made-up ones."""
    where = tmp_path_factory.mktemp("cluster") / "people.db"
    with open_made(where) as few:
        for number in range(PEOPLE):
            few.enrol(f"person {number}", photograph(f"person {number}", noise=0.6), force=True)
    fill(str(where), FACES)
    with open_made(where) as whole:
        yield whole


@pytest.fixture(scope="module")
def on_ray(machines: "ray.cluster_utils.Cluster", gallery: Gallery) -> Iterator[Gallery]:
    """The same gallery on the cluster."""
    began = time.monotonic()
    found = head(gallery)
    tell("Opening", [("seconds until every shard answered", f"{time.monotonic() - began:.1f}")])
    yield found
    opening.stop_shards("auto", gallery.database)


def head(gallery: Gallery) -> Gallery:
    cluster = Cluster(shards=SHARDS, replicas=REPLICAS)
    comparing = opening.open_shards(cluster, gallery.database, gallery.pin, gallery._search.rerank)
    return Gallery(gallery.database, MadeReader(), gallery.pin, gallery._search.rerank, comparing)


def query(number: int) -> bytes:
    """Somebody who is enrolled, or, each tenth time, nobody."""
    person = f"person {number % PEOPLE}" if number % 10 else f"a stranger {number}"
    return photograph(person, shot=1 + number // PEOPLE, noise=0.6)


def tell(title: str, lines: list[tuple[str, str]]) -> None:
    print_tables([Table(title, [{"what": what, "": value} for what, value in lines], words=("what",))])


def differences(gallery: Gallery, on_ray: Gallery, queries: int) -> int:
    return sum(
        [each.plain() for each in gallery.identify(query(number), candidates=20)]
        != [each.plain() for each in on_ray.identify(query(number), candidates=20)]
        for number in range(queries)
    )


@dataclass
class Load:
    """Requests at a steady rate, each of whose answers is known beforehand.

    Attributes:
        expected: Best candidate of each query, as one process named it.
        times: When each request began, and what it took.
        wrong: Answers that were others.
        errors: Requests that were not answered.
    """

    on_ray: Gallery
    expected: list[tuple[object, ...]]
    times: list[tuple[float, float]] = field(default_factory=list)
    wrong: list[object] = field(default_factory=list)
    errors: list[Exception] = field(default_factory=list)
    stopped: threading.Event = field(default_factory=threading.Event)

    def work(self, client: int) -> None:
        number, due = client, time.monotonic() + client / RATE
        while not self.stopped.wait(max(0.0, due - time.monotonic())):
            place, began = number % len(self.expected), time.monotonic()
            try:
                found = best(self.on_ray.identify(query(place)))
                if found != self.expected[place]:
                    self.wrong.append((place, found))
            except Exception as error:
                self.errors.append(error)
            self.times.append((began, time.monotonic() - began))
            number, due = number + CLIENTS, max(due + CLIENTS / RATE, time.monotonic())


def best(answers: list[Identification]) -> tuple[object, ...]:
    """The first candidate, whom newcomers do not change."""
    first = answers[0].candidates[0]
    return first.person, first.score, first.cosine, first.emd


@dataclass
class Changes:
    """Enrols people and removes them again, and looks from another server when that is seen.

    Attributes:
        seen: Seconds until somebody new was found.
        gone: Seconds until somebody who was removed was not.
        wrong: Who was not found although found before, or found again.
    """

    here: Gallery
    there: Gallery
    seen: list[float] = field(default_factory=list)
    gone: list[float] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    stopped: threading.Event = field(default_factory=threading.Event)

    def work(self) -> None:
        number = 0
        while not self.stopped.wait(0.5):
            number += 1
            person = f"newcomer {number}"
            self.here.enrol(person, photograph(person), force=True)
            self.seen.append(self._until(person, there=True))
            self._stays(person, there=True)
            self.here.remove(person)
            self.gone.append(self._until(person, there=False))
            self._stays(person, there=False)

    def _found(self, person: str) -> bool:
        candidates = self.there.identify(photograph(person, shot=1))[0].candidates
        return person in [each.person for each in candidates]

    def _until(self, person: str, *, there: bool) -> float:
        began = time.monotonic()
        while True:
            asked = time.monotonic()
            if self._found(person) == there:
                return asked - began
            if asked - began > 60:
                self.wrong.append(f"{person} {'never found' if there else 'never gone'}")
                return asked - began

    def _stays(self, person: str, *, there: bool) -> None:
        if any(self._found(person) != there for _ in range(3)):
            self.wrong.append(f"{person} {'lost' if there else 'back'}")


def test_500_answers_are_those_of_one_process(gallery: Gallery, on_ray: Gallery) -> None:
    assert differences(gallery, on_ray, QUERIES) == 0


def test_whatever_is_killed_no_answer_is_wrong_or_lost(
    machines: "ray.cluster_utils.Cluster", gallery: Gallery, on_ray: Gallery
) -> None:
    expected = [best(gallery.identify(query(number))) for number in range(UNDER_LOAD)]
    load, changes = Load(on_ray, expected), Changes(gallery, head(gallery))
    threads = [threading.Thread(target=load.work, args=(client,)) for client in range(CLIENTS)]
    threads.append(threading.Thread(target=changes.work))
    for thread in threads:
        thread.start()
    try:
        moments = {"before": (time.monotonic(), 0.0)}
        time.sleep(CALM)
        for what, kill in (("an actor", kill_an_actor), ("a machine", lambda: kill_a_machine(machines))):
            began = time.monotonic()
            kill()
            wait_until_weaker_and_whole_again(on_ray)
            moments[what] = began, time.monotonic() - began
        moments["after"] = time.monotonic(), 0.0
        time.sleep(CALM)
    finally:
        load.stopped.set()
        changes.stopped.set()
        for thread in threads:
            thread.join()
    told(load, changes, moments)
    assert load.wrong == [] and load.errors == [] and changes.wrong == []
    assert max(changes.seen) < 2 and max(changes.gone) < 2
    assert differences(gallery, on_ray, UNDER_LOAD) == 0


def kill_an_actor() -> None:
    os.kill(named("ShardActor", os.getpid())[0], signal.SIGKILL)


def kill_a_machine(machines: "ray.cluster_utils.Cluster") -> None:
    """Kill all processes of the last node, at once."""
    node = machines.list_all_nodes()[-1]
    roots = [each.process.pid for several in node.all_processes.values() for each in several]
    for pid in [*roots, *below(*roots)]:
        os.kill(pid, signal.SIGKILL)


def wait_until_weaker_and_whole_again(on_ray: Gallery) -> None:
    """Until all replicas answer, of which some were found not to."""
    comparing = on_ray._comparing
    assert comparing is not None
    end = time.monotonic() + 900
    for weaker in (True, False):
        while (comparing.replicas[0] < comparing.replicas[1]) != weaker:
            assert time.monotonic() < end
            time.sleep(0.05)


def told(load: Load, changes: Changes, moments: dict[str, tuple[float, float]]) -> None:
    names = list(moments)
    cells = []
    for place, name in enumerate(names):
        began, strength = moments[name]
        end = moments[names[place + 1]][0] if place + 1 < len(names) else float("inf")
        took = np.array([seconds for start, seconds in load.times if began <= start < end])
        p50, p95, last = (*np.percentile(1000 * took, (50, 95)), 1000 * took.max())
        cells.append(
            {
                "when": name if name in ("before", "after") else f"{name} killed",
                "requests": f"{len(took):,}",
                "p50 (ms)": f"{p50:.0f}",
                "p95 (ms)": f"{p95:.0f}",
                "longest (ms)": f"{last:.0f}",
                "full strength (s)": f"{strength:.1f}" if strength else "",
            }
        )
    title = (
        f"{FACES:,} faces, {SHARDS} shards x {REPLICAS} replicas on {MACHINES} machines, {RATE:g} requests/s asked for"
    )
    print_tables([Table(title, cells, words=("when",))])
    tell(
        "Changes under this load",
        [
            ("people enrolled and removed", f"{len(changes.gone):,}"),
            ("seconds until seen, at most", f"{max(changes.seen):.2f}"),
            ("seconds until gone, at most", f"{max(changes.gone):.2f}"),
            ("wrong answers", str(len(load.wrong))),
            ("requests without an answer", str(len(load.errors))),
        ],
    )
