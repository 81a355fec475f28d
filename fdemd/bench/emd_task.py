"""The task of the paper, timed once: every face is a query, and its nearest neighbours are re-ranked."""

from __future__ import annotations

import time
from dataclasses import dataclass

import torch
from torch import Tensor

from fdemd.bench.emd_contenders import EPS, PUBLISHED, STOP, Task, contenders
from fdemd.bench.emd_faces import nearest
from fdemd.emd import emd_similarity
from fdemd.features import Features

_PUBLISHED_QUERIES = 200
_PREPARED_QUERIES = 25
"""Queries whose candidates are brought to float32 together; those of 25 take a third of a gigabyte."""


@dataclass(frozen=True)
class WholeTask:
    """Time for all queries.

    Attributes:
        queries: Number of queries and of gallery faces.
        k: Number of candidates of each query.
        dtype: Precision of the stored patches.
        engine: Name of the engine.
        seconds: Time of re-ranking in seconds, from stored features to scores.
        published_seconds: Time of the published algorithm for all queries in seconds, extrapolated.
        published_queries: Number of queries that it is extrapolated from, spread over the set.
        unfinished: Number of pairs that did not meet the stopping rule.
    """

    queries: int
    k: int
    dtype: str
    engine: str
    seconds: float
    published_seconds: float
    published_queries: int
    unfinished: int


@torch.inference_mode()
def measure_task(faces: Features, k: int) -> WholeTask:
    """Re-rank the ``k`` nearest faces of every face, and some of them as published."""
    candidates = nearest(faces.embedding, slice(None), k)
    some = torch.linspace(0, len(faces) - 1, min(_PUBLISHED_QUERIES, len(faces))).long()
    published_seconds = _published(faces, candidates, some)
    started = time.perf_counter()
    found = emd_similarity(faces, faces, candidates, eps=EPS, stop=STOP)
    seconds = time.perf_counter() - started
    return WholeTask(
        len(faces),
        k,
        str(faces.patches.dtype).removeprefix("torch."),
        found.engine,
        seconds,
        published_seconds,
        len(some),
        int(found.unfinished.sum()),
    )


def _published(faces: Features, candidates: Tensor, some: Tensor) -> float:
    """Return the seconds that the published algorithm would take for all queries, from float32 features."""
    prepare = next(each for each in contenders() if each.name == PUBLISHED).prepare
    seconds = 0.0
    for rows in some.split(_PREPARED_QUERIES):
        used, places = candidates[rows].unique(return_inverse=True)
        run = prepare(Task(faces[rows].to(torch.float32), faces[used].to(torch.float32), places))
        run(slice(0, 2))
        started = time.perf_counter()
        run(slice(None))
        seconds += time.perf_counter() - started
    return seconds / len(some) * len(faces)
