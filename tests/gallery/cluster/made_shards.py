"""Shards of a cluster in one process, whose replicas die and come back as a test wants it."""

import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from fdemd.gallery.cluster.asking import LostError, Patience, Replicas
from fdemd.gallery.cluster.head import ComparingOnShards
from fdemd.gallery.cluster.shard import Shard
from fdemd.gallery.gallery import Gallery
from fdemd.gallery.index import Part
from fdemd.gallery.pin import Pin

_THREADS = ThreadPoolExecutor(32)


@dataclass(eq=False)
class MadeReplica:
    """A replica here, which answers with what it has, as late as it is told to.

    Attributes:
        shard: What it has; anything with methods.
        dead: Whether it is lost.
        seconds: That it takes to answer.
        asked: How often it was asked, looks apart.
    """

    shard: Any
    dead: bool = False
    seconds: float = 0.0
    asked: int = 0

    def ask(self, method: str, *arguments: object) -> Future[Any]:
        self.asked += method != "follow"

        def answer() -> object:
            time.sleep(self.seconds)
            if self.dead:
                raise LostError
            return getattr(self.shard, method)(*arguments)

        return _THREADS.submit(answer)


def made_shards(gallery: Gallery, parts: int, copies: int = 2, pin: Pin | None = None) -> list[list[MadeReplica]]:
    """For each part of a gallery replicas that read it by themselves."""
    database, rerank = gallery.database, gallery._search.rerank
    return [
        [MadeReplica(Shard(database.where, pin or gallery.pin, Part(number, parts), rerank)) for _ in range(copies)]
        for number in range(parts)
    ]


def on_shards(gallery: Gallery, shards: Sequence[Sequence[MadeReplica]], patience: Patience | None = None) -> Gallery:
    """The same gallery, searched by its shards."""
    comparing = ComparingOnShards([Replicas(copies) for copies in shards], patience)
    return Gallery(gallery.database, gallery._reader, gallery.pin, gallery._search.rerank, comparing)
