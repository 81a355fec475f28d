"""Shards as actors of a Ray cluster: where they run, how they begin, and how they are asked."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from typing import Any

import ray
from ray.exceptions import ActorDiedError, RayError, RayTaskError
from ray.util import get_placement_group, list_named_actors, placement_group, remove_placement_group
from ray.util.placement_group import PlacementGroup
from ray.util.scheduling_strategies import PlacementGroupSchedulingStrategy

from fdemd.errors import InputError
from fdemd.gallery.cluster.asking import LostError, Patience, Question, Replicas, ask_all
from fdemd.gallery.cluster.head import ComparingOnShards
from fdemd.gallery.cluster.settings import Cluster
from fdemd.gallery.cluster.shard import Shard
from fdemd.gallery.index import Part
from fdemd.gallery.pin import Pin
from fdemd.gallery.refusals import UnavailableError
from fdemd.runs.ray_cluster import NAMESPACE, connect, count_cores, count_machines
from fdemd.settings.ranking import EmdRerank

_POLL = 0.5
"""Seconds between two looks of a shard at the change log, and until it tries again to read its part."""
_AT_ONCE = 4
"""Questions that a replica works on at once."""
_START = 600.0
"""Seconds that the shards have to read their parts when a gallery is opened."""


class ShardActor:
    """A shard in a process of its own, somewhere on the cluster.

    It begins at once and reads its part then, again and again if the database does not answer: of an actor that cannot
    be made Ray makes no second one.
    """

    def __init__(self, read: Callable[[], Shard]) -> None:
        """Begin to read."""
        self._read = read
        self._shard: Shard | None = None
        self._ended: Exception | None = None
        threading.Thread(target=self._follow, daemon=True).start()

    def ask(self, method: str, *arguments: object) -> object:
        """Return what a method of the shard returns, or an error to be told; Ray would wrap one that is raised."""
        if isinstance(self._ended, InputError):
            return self._ended
        if self._ended is not None:
            raise self._ended
        if self._shard is None:
            return LostError("It is still reading its part.")
        try:
            return getattr(self._shard, method)(*arguments)
        except InputError as error:
            return error

    def _follow(self) -> None:
        while self._ended is None:
            try:
                if self._shard is None:
                    self._shard = self._read()
                self._shard.follow()
            except UnavailableError:  # the database will come back
                pass
            except Exception as error:
                self._ended = error
            time.sleep(_POLL)


class RayReplica:
    """A replica that is an actor; one that died for good is made again."""

    def __init__(self, make: Callable[[], Any]) -> None:
        """Take what finds the actor or makes it."""
        self._make, self._making = make, threading.Lock()
        self._actor = make()

    def ask(self, method: str, *arguments: object) -> Future[Any]:
        """Begin to ask, see :class:`fdemd.gallery.cluster.asking.Replica`."""
        answer: Future[Any] = Future()
        actor = self._actor
        if actor is None:
            threading.Thread(target=self._make_again, daemon=True).start()
            answer.set_exception(LostError("It is being made again."))
            return answer
        try:
            asked = actor.ask.remote(method, *arguments).future()
        except RayError as error:
            answer.set_exception(LostError(str(error)))
        else:
            asked.add_done_callback(partial(self._told, answer))
        return answer

    def _make_again(self) -> None:
        if not self._making.acquire(blocking=False):
            return
        try:
            with suppress(RayError, RuntimeError, ConnectionError):  # Ray's own head may be away; the next look tries
                self._actor = self._make()
        finally:
            self._making.release()

    def _told(self, answer: Future[Any], asked: Future[Any]) -> None:
        error = asked.exception()
        if isinstance(error, ActorDiedError):
            self._actor = None
        if error is None:
            told = asked.result()
            if isinstance(told, InputError | LostError):
                answer.set_exception(told)
            else:
                answer.set_result(told)
        elif isinstance(error, RayTaskError) or not isinstance(error, RayError):
            answer.set_exception(error)  # a mistake of fdemd's
        else:
            answer.set_exception(LostError(str(error)))


def open_shards(cluster: Cluster, where: str, pin: Pin, rerank: EmdRerank | None) -> ComparingOnShards:
    """Find or make the shards of a gallery, see :func:`fdemd.gallery.cluster.opening.open_shards`."""
    connect(cluster.address)
    _check_room(cluster, where)
    kept = hashlib.sha256(f"{pin.text} {rerank} {cluster.shards} {cluster.replicas}".encode()).hexdigest()[:12]
    shards = []
    for number in range(cluster.shards):
        name = f"{_name_of(where)}/{kept}/{number}"
        read = partial(Shard, where, pin, Part(number, cluster.shards), rerank)
        makers = [partial(_actor, name, copy, cluster.replicas, read) for copy in range(cluster.replicas)]
        shards.append(Replicas([RayReplica(make) for make in makers]))
    ask_all([Question(number, replicas, "follow") for number, replicas in enumerate(shards)], Patience(_START, _START))
    return ComparingOnShards(shards)


def stop_shards(address: str, where: str) -> int:
    """Stop the shards of a gallery, see :func:`fdemd.gallery.cluster.opening.stop_shards`."""
    connect(address)
    found = [each["name"] for each in list_named_actors(all_namespaces=True) if each["namespace"] == NAMESPACE]
    names = [name for name in found if name.startswith(f"{_name_of(where)}/")]
    for name in names:
        ray.kill(ray.get_actor(name, NAMESPACE))
    for group in {name.rpartition("/")[0] for name in names}:
        remove_placement_group(get_placement_group(group))
    return len(names)


def _check_room(cluster: Cluster, where: str) -> None:
    if (machines := count_machines()) > 1 and "://" not in where:
        raise InputError(
            f"The gallery {where} is a file, which the {machines} machines of the cluster cannot share; keep it "
            "on PostgreSQL."
        )
    wanted, there = cluster.shards * cluster.replicas, count_cores()
    if wanted > there:
        raise InputError(
            f"{cluster.shards} shards of {cluster.replicas} replicas take {wanted} processor cores, and the Ray "
            f"cluster has {there}; add machines, or take fewer."
        )


def _name_of(where: str) -> str:
    return "gallery-" + hashlib.sha256(where.encode()).hexdigest()[:12]


def _actor(name: str, copy: int, copies: int, read: Callable[[], Shard]) -> Any:
    """Return the actor of a replica, which outlives the process that makes it and serves all that look for it."""
    options: dict[str, Any] = {
        "num_cpus": 1,
        "max_restarts": -1,
        "max_concurrency": _AT_ONCE,
        "name": f"{name}/{copy}",
        "namespace": NAMESPACE,
        "lifetime": "detached",
        "get_if_exists": True,
        "scheduling_strategy": PlacementGroupSchedulingStrategy(_places(name, copies), copy),
    }
    return ray.remote(ShardActor).options(**options).remote(read)


def _places(name: str, copies: int) -> PlacementGroup:
    """Places for the copies of a shard: on different machines, also anew when a machine is lost."""
    try:
        return get_placement_group(name)
    except ValueError:
        return placement_group([{"CPU": 1}] * copies, strategy="SPREAD", name=name, lifetime="detached")
