"""Shards as actors of a real Ray, of one machine."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from fdemd.errors import InputError
from fdemd.gallery.cluster import opening
from fdemd.gallery.cluster.settings import Cluster
from fdemd.gallery.gallery import Gallery
from tests.gallery.made_gallery import MadeReader, open_made, photograph

ray = pytest.importorskip("ray")
ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def running() -> Iterator[None]:
    """A Ray of this machine."""
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = str(ROOT)  # its processes import fdemd
    ray.init(
        num_cpus=4,
        namespace="fdemd",
        include_dashboard=False,
        log_to_driver=False,
        logging_level="ERROR",
        object_store_memory=80 * 2**20,
    )
    yield
    ray.shutdown()
    if before is None:
        del os.environ["PYTHONPATH"]
    else:
        os.environ["PYTHONPATH"] = before


def on_ray(gallery: Gallery, cluster: Cluster) -> Gallery:
    comparing = opening.open_shards(cluster, gallery.database, gallery.pin, gallery._search.rerank)
    return Gallery(gallery.database, MadeReader(), gallery.pin, gallery._search.rerank, comparing)


def pid_of(name: str) -> int:
    from ray.util.state import get_actor

    actor = ray.get_actor(name, "fdemd")
    return int(get_actor(actor._actor_id.hex()).pid)


def names() -> list[str]:
    return sorted(each["name"] for each in ray.util.list_named_actors(all_namespaces=True))


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
            InputError, match="8 shards of 2 replicas take 16 processor cores, and the Ray cluster has 4"
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
        os.kill(pid_of(killed), signal.SIGKILL)
        until = time.monotonic() + 120
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
