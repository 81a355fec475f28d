"""Measurements of re-ranking: speed, agreement of scores and rankings, memory."""

from __future__ import annotations

import ctypes
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median

import torch
from torch import Tensor

from fdemd.bench.emd_contenders import EPS, EXACT, PUBLISHED, Contender, Run, Task
from fdemd.bench.timing import interleaved
from fdemd.emd import Converged, emd_similarity

_TURN = 0.3
"""Seconds that one measurement takes, about: long enough for the clock, short enough to take turns."""
_CONVERGED = Converged(1e-5, max_rounds=20000)


@dataclass(frozen=True)
class Result:
    """Measurements of one contender on one grid; None where one has no meaning.

    Attributes:
        grid: Grid as ``ROWSxCOLUMNSxCHANNELS``.
        contender: Name of the contender.
        pairs_per_second: Median speed.
        times_published: Its speed over that of the published algorithm, the median over neighbouring runs.
        share_of_floor: Its speed over that of its products alone, likewise.
        error: Largest difference of a score from full convergence.
        tau_converged: Mean of Kendall's tau of each query's ranking with that of full convergence.
        tau_exact: Mean of Kendall's tau with the ranking of the exact solution.
        mebibytes: Peak memory in MiB beyond what was prepared.
        rounds: Number of measurements.
    """

    grid: str
    contender: str
    pairs_per_second: float
    times_published: float | None
    share_of_floor: float | None
    error: float | None
    tau_converged: float | None
    tau_exact: float | None
    mebibytes: float | None
    rounds: int


@torch.inference_mode()
def measure(grid: str, task: Task, contenders: list[Contender], *, seconds: float, sample: int) -> list[Result]:
    """Measure all contenders in turns on one grid, and compare the rankings of the first ``sample`` queries."""
    runs = {contender.name: contender.prepare(task) for contender in contenders}
    rows = {name: slice(0, _queries_a_turn(run, len(task.candidates))) for name, run in runs.items()}
    memory = {name: _peak(run, rows[name]) for name, run in runs.items()}
    times = interleaved([partial(run, rows[name]) for name, run in runs.items()], seconds)
    k = task.candidates.shape[1]
    a_pair = {name: [turn[number] / (rows[name].stop * k) for turn in times] for number, name in enumerate(runs)}
    few = slice(0, sample)
    scores = {name: run(few) for name, run in runs.items()}
    converged = emd_similarity(
        task.query[few], task.gallery, task.candidates[few], eps=EPS, stop=_CONVERGED, engine="reference"
    ).similarity
    exact = scores.get(EXACT)

    def result(contender: Contender) -> Result:
        name = contender.name
        meaningful = not name.startswith("products")
        return Result(
            grid,
            name,
            1 / median(a_pair[name]),
            _ratio(a_pair.get(PUBLISHED), a_pair[name]),
            _ratio(a_pair.get(contender.floor), a_pair[name]),
            float((scores[name] - converged).abs().max()) if meaningful and name != EXACT else None,
            kendall_tau(scores[name], converged) if meaningful else None,
            kendall_tau(scores[name], exact) if meaningful and exact is not None else None,
            memory[name],
            len(times),
        )

    return [result(contender) for contender in contenders]


def kendall_tau(one: Tensor, other: Tensor) -> float:
    """Return the mean over rows ``(Q, k)`` of Kendall's tau-a of two scores: 1 for the same order, -1 reversed."""
    signs = [(scores[:, :, None] - scores[:, None, :]).sign() for scores in (one.double(), other.double())]
    k = one.shape[1]
    return float((signs[0] * signs[1]).sum((1, 2)).div(max(1, k * (k - 1))).mean())


def _ratio(baseline: list[float] | None, times: list[float]) -> float | None:
    return median(theirs / ours for theirs, ours in zip(baseline, times, strict=True)) if baseline else None


def _queries_a_turn(run: Run, queries: int) -> int:
    """Return how many queries take about a turn, up to all of them."""
    run(slice(0, 1))  # what is set up at the first call
    number = 1
    while True:
        started = time.perf_counter()
        run(slice(0, number))
        taken = time.perf_counter() - started
        if taken > _TURN / 2 or number == queries:
            return max(1, min(queries, round(number * _TURN / taken)))
        number = min(queries, 4 * number)


def _peak(run: Run, rows: slice) -> float | None:
    """Return by how many MiB a run raises the peak of this process's memory; None where the system cannot tell."""
    try:
        ctypes.CDLL(None).malloc_trim(0)  # memory that earlier runs left to be used again would not be seen
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak starts anew from here
        before = _high_water()
        run(rows)
        return (_high_water() - before) / 1024
    except (OSError, AttributeError):
        return None


def _high_water() -> int:
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))
