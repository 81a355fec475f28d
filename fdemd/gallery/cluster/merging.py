"""The parts' answers put together, as if the gallery were one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from fdemd.gallery.cluster.shard import Ranked
from fdemd.gallery.comparing import DEPTH
from fdemd.gallery.index import Snapshot
from fdemd.retrieval.ranking import NOBODY, Ranking, sorted_by_score


def merged(parts: Sequence[Ranked], snapshot: Snapshot) -> Ranking:
    """Return the ranking of the whole gallery: the best of all parts, equal cosines in the order of photographs.

    Args:
        parts: Each part's answer, all of them after the snapshot's change.
        snapshot: Numbers of all faces.
    """
    photographs, order = torch.cat([part.photographs for part in parts], dim=1).sort(dim=1)
    cosines = torch.cat([part.cosines for part in parts], dim=1).gather(1, order)
    best = sorted_by_score(cosines)[:, :DEPTH]
    photographs, cosines = photographs.gather(1, best), cosines.gather(1, best)
    there = photographs != NOBODY
    longest = int(there.sum(1).max()) if there.numel() else 0
    rows = torch.searchsorted(snapshot.photographs, photographs).masked_fill(~there, NOBODY)
    return Ranking(rows[:, :longest], cosines[:, :longest], gallery_size=len(snapshot))


def split(photographs: Tensor, parts: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Split the candidates of faces among the parts that have them.

    Args:
        photographs: ``(Q, k)`` numbers; ``NOBODY`` at the end.
        parts: Number of parts.

    Yields:
        For each part its candidates ``(Q, j)``, ``NOBODY`` at the end, and their places among the ``k``.

    Examples:
        >>> for candidates, places in split(torch.tensor([[4, 7, 6, -1]]), 2):
        ...     print(candidates.tolist(), places.tolist())
        [[4, 6]] [[0, 2]]
        [[7]] [[1]]
    """
    for part in range(parts):
        elsewhere = (photographs % parts != part) | (photographs == NOBODY)
        count = int((~elsewhere).sum(1).max()) if elsewhere.numel() else 0
        places = elsewhere.sort(dim=1, stable=True).indices[:, :count]
        yield photographs.gather(1, places).masked_fill(elsewhere.gather(1, places), NOBODY), places
