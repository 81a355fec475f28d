"""Shards as actors of a real Ray, of one machine."""

import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path

import pytest

from fdemd.errors import InputError
from fdemd.gallery.cluster import opening
from fdemd.gallery.cluster.asking import LostError
from fdemd.gallery.cluster.settings import Cluster
from fdemd.gallery.gallery import Gallery
from fdemd.gallery.refusals import UnavailableError
from tests.gallery.made_gallery import MadeReader, open_made, photograph
from tests.ray_processes import named

ray = pytest.importorskip("ray")
actors = pytest.importorskip("fdemd.gallery.cluster.actors")
ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def running() -> Iterator[None]:
    """A Ray of this machine."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(ROOT))  # its processes import fdemd
        patch.setenv("RAY_prestart_worker_first_driver", "0")
        ray.init(
            "local",
            num_cpus=2,
            namespace="fdemd",
            include_dashboard=False,
            log_to_driver=False,
            logging_level="ERROR",
            object_store_memory=80 * 2**20,
        )
        yield
        ray.shutdown()


def on_ray(gallery: Gallery, cluster: Cluster) -> Gallery:
    comparing = opening.open_shards(cluster, gallery.database, gallery.pin, gallery._search.rerank)
    return Gallery(gallery.database, MadeReader(), gallery.pin, gallery._search.rerank, comparing)


def names() -> list[str]:
    return sorted(each["name"] for each in ray.util.list_named_actors(all_namespaces=True))


@pytest.mark.slow
def test_a_gallery_on_ray(running: None, tmp_path: Path) -> None:
    """Answers as one process gives them, also of what is enrolled later; found again by another; stopped in the end."""
    with open_made(tmp_path / "people.db") as gallery:
        for person in ("Ann", "Bob", "Cem"):
            gallery.enrol(person, [photograph(person, shot=shot) for shot in (1, 2)])
        there = on_ray(gallery, Cluster(shards=2, replicas=1))
        expected = gallery.identify(photograph("Ann", "Cem", shot=5))
        found = there.identify(photograph("Ann", "Cem", shot=5))
        assert [answer.plain() for answer in found] == [answer.plain() for answer in expected]
        there.enrol("Dora", photograph("Dora", shot=1))
        assert on_ray(gallery, Cluster(shards=2, replicas=1)).identify(photograph("Dora"))[0].person == "Dora"
        assert len(names()) == 2, "the second one found the shards of the first"
        with pytest.raises(
            InputError, match="8 shards of 2 replicas take 16 processor cores, and the Ray cluster has 2"
        ):
            on_ray(gallery, Cluster())
        assert opening.stop_shards("auto", gallery.database) == 2
        assert opening.stop_shards("auto", gallery.database) == 0


@pytest.mark.slow
def test_an_actor_that_is_killed_is_made_again(running: None, tmp_path: Path) -> None:
    with open_made(tmp_path / "people.db") as gallery:
        gallery.enrol("Ann", photograph("Ann"))
        there = on_ray(gallery, Cluster(shards=1, replicas=2))
        comparing = there._comparing
        assert comparing is not None
        killed = names()[0]
        os.kill(named("ShardActor", os.getpid())[0], signal.SIGKILL)
        until = time.monotonic() + 600
        while there.identify(photograph("Ann", shot=2))[0].person == "Ann" and comparing.replicas[0] == 2:
            assert time.monotonic() < until
        while comparing.replicas[0] < 2:
            assert there.identify(photograph("Ann", shot=2))[0].person == "Ann"
            assert time.monotonic() < until
        ray.kill(ray.get_actor(killed, "fdemd"))  # for good: Ray makes no other by itself
        while killed in names():
            time.sleep(0.1)
        while killed not in names() or comparing.replicas[0] < 2:
            assert there.identify(photograph("Ann", shot=2))[0].person == "Ann"
            assert time.monotonic() < until
        opening.stop_shards("auto", gallery.database)
        there.close()


def test_a_cluster_that_is_not_there_is_told(tmp_path: Path) -> None:
    if ray.is_initialized():
        pytest.skip("Ray runs here")
    with (
        open_made(tmp_path / "people.db") as gallery,
        pytest.raises(InputError, match="There is no Ray cluster at 127"),
    ):
        on_ray(gallery, Cluster("127.0.0.1:1"))


def test_several_machines_cannot_share_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    nodes = [{"NodeManagerAddress": f"10.0.0.{number}", "Alive": True} for number in (1, 2)]
    monkeypatch.setattr(actors.ray, "nodes", lambda: nodes)
    monkeypatch.setattr(actors.ray, "cluster_resources", lambda: {"CPU": 64.0})
    with pytest.raises(InputError, match="is a file, which the 2 machines of the cluster cannot share"):
        actors._check_room(Cluster(), "people.db")
    actors._check_room(Cluster(), "postgresql://a@b/c")


class MadeActor:
    """What Ray gives for an actor, as far as it is used: ``actor.ask.remote(...).future()``."""

    def __init__(self, told: object) -> None:
        self.told, self.ask = told, self

    def remote(self, *words: object) -> "MadeActor":
        return self

    def future(self) -> Future[object]:
        answer: Future[object] = Future()
        if isinstance(self.told, Exception) and not isinstance(self.told, InputError | LostError):
            answer.set_exception(self.told)
        else:
            answer.set_result(self.told)
        return answer


@pytest.mark.parametrize(
    ("told", "error"),
    [
        (LostError("reading"), LostError),
        (InputError("The gallery was moved."), InputError),
        (ray.exceptions.ActorUnavailableError("away", None), LostError),
        (ray.exceptions.ObjectLostError("1", None, ""), LostError),
        (ZeroDivisionError("a mistake"), ZeroDivisionError),
    ],
)
def test_what_a_replica_may_say_instead_of_an_answer(told: Exception, error: type[Exception]) -> None:
    assert isinstance(actors.RayReplica(lambda: MadeActor(told)).ask("rank").exception(), error)
    assert actors.RayReplica(lambda: MadeActor(7)).ask("rank").result() == 7


def test_an_actor_that_died_for_good_is_made_again() -> None:
    made = iter([MadeActor(ray.exceptions.ActorDiedError()), MadeActor(7)])
    replica, end = actors.RayReplica(lambda: next(made)), time.monotonic() + 30
    while isinstance((answer := replica.ask("rank")).exception(), LostError):
        assert time.monotonic() < end
        time.sleep(0.01)
    assert answer.result() == 7


class MadeShard:
    """Is read at the third attempt, and refuses once it is told to."""

    attempts, moved = 0, False

    def read(self) -> "MadeShard":
        self.attempts += 1
        if self.attempts < 3:
            raise UnavailableError("The database cannot be reached.")
        return self

    def follow(self) -> int:
        if self.moved:
            raise InputError("The gallery was moved.")
        return 5


def test_a_shard_waits_for_its_database_and_ends_when_the_gallery_is_moved(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(actors, "_POLL", 0.01)
    shard = MadeShard()
    actor, told = actors.ShardActor(shard.read), list[object]()
    while not told or told[-1] != 5:
        told.append(actor.ask("follow"))
    assert shard.attempts == 3 and all(isinstance(each, LostError) for each in told[:-1])
    shard.moved = True
    while actor._ended is None:
        time.sleep(0.01)
    assert str(actor.ask("rank")) == "The gallery was moved."
