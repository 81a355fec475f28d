"""The way to a gallery's shards on Ray, which is imported only by those who need it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from fdemd.gallery.cluster.head import ComparingOnShards
from fdemd.gallery.cluster.settings import Cluster
from fdemd.gallery.database import Database
from fdemd.gallery.faces import SeenPhotograph
from fdemd.gallery.pin import Pin
from fdemd.runs.ray_cluster import check_installed
from fdemd.settings.ranking import EmdRerank

_NEEDED_BY = "A gallery on a cluster"


def open_shards(cluster: Cluster, database: Database, pin: Pin, rerank: EmdRerank | None) -> ComparingOnShards:
    """Find the shards of a gallery on a cluster, or make them, and wait until each can answer.

    Args:
        cluster: Which cluster, and how many parts and copies.
        database: The gallery's.
        pin: What its faces are of.
        rerank: Settings of the second stage; None without one.

    Raises:
        InputError: Ray is missing, the cluster cannot be reached or has too few cores, or it has several machines and
            the gallery is a file.
        UnavailableError: The shards cannot read the gallery.
    """
    check_installed(_NEEDED_BY)
    from fdemd.gallery.cluster import actors

    return actors.open_shards(cluster, database.where, pin, rerank)


def stop_shards(address: str, database: Database) -> int:
    """Stop all shards of a gallery on a cluster, whoever uses them; return how many replicas there were.

    Args:
        address: The cluster's.
        database: The gallery's.

    Raises:
        InputError: Ray is missing, or the cluster cannot be reached.
    """
    check_installed(_NEEDED_BY)
    from fdemd.gallery.cluster import actors

    return actors.stop_shards(address, database.where)


def read_on_cluster(
    address: str, database: Database, photographs: Sequence[tuple[str, Path]]
) -> Iterator[tuple[str, SeenPhotograph | Path]]:
    """Return what photographs show, read on all machines of a cluster, in their order.

    Args:
        address: The cluster's.
        database: The gallery's, whose network reads them.
        photographs: People and files, which every machine reaches by the same path.

    Returns:
        The people with what was seen; or with the file, if it is known already or cannot be read.

    Raises:
        InputError: Ray is missing, or the cluster cannot be reached.
    """
    check_installed(_NEEDED_BY)
    from fdemd.gallery.cluster import reading

    return reading.read_on_cluster(address, database.where, photographs)
