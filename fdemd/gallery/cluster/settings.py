"""On which cluster a gallery is searched, and in how many parts."""

from __future__ import annotations

from dataclasses import dataclass

from fdemd.errors import InputError


@dataclass(frozen=True)
class Cluster:
    """A Ray cluster whose machines keep the faces of a gallery in memory.

    Attributes:
        address: Of Ray's head node, such as ``10.0.0.1:6379``; ``auto`` is the cluster that this machine belongs to.
        shards: Parts that the faces are split into.
        replicas: Copies of each part, on different machines as far as there are so many.

    Examples:
        >>> Cluster(shards=0)
        Traceback (most recent call last):
        fdemd.errors.InputError: shards is 0; a gallery on a cluster has 1 or more.
    """

    address: str = "auto"
    shards: int = 8
    replicas: int = 2

    def __post_init__(self) -> None:
        for name in ("shards", "replicas"):
            if getattr(self, name) < 1:
                raise InputError(f"{name} is {getattr(self, name)}; a gallery on a cluster has 1 or more.")
