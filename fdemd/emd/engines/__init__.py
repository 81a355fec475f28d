"""Engines that compute the same transport: one in plain torch for every case, fast ones for the common case."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from fdemd.emd.engines import cpu, cuda
from fdemd.emd.side import Side
from fdemd.emd.sinkhorn import Converged
from fdemd.emd.transport import Transport
from fdemd.errors import InputError, unknown

AUTO, REFERENCE = "auto", "reference"


class Solve(Protocol):
    """What a fast engine computes: weights of each side that sum to 1, each pair stopped by itself, scores only."""

    def __call__(
        self,
        query: Side,
        gallery: Side,
        candidates: Tensor,
        *,
        eps: float,
        stop: Converged,
        on_progress: Callable[[int], None],
    ) -> Transport:
        """Similarity of ``Q`` queries and their candidates ``(Q, k)``, rows of the gallery.

        ``eps`` is one for which float32 is enough; ``on_progress`` is told the number of pairs just computed. What
        :func:`fdemd.emd.pairs.check_pairs` does not take is refused.
        """


class Engine(NamedTuple):
    """A fast engine: its solver, what is missing to run it here, in words (empty if nothing is), its largest grid."""

    solve: Solve
    missing: Callable[[], str]
    most_patches: int = sys.maxsize


FAST: dict[str, Engine] = {
    "cpu": Engine(cpu.solve, cpu.missing),
    "cuda": Engine(cuda.solve, cuda.missing, cuda.MOST_PATCHES),
}
"""By the type of device that they work on."""


def check_engine(name: str) -> str:
    """Return ``name`` if it is ``auto``, ``reference`` or a fast engine.

    Raises:
        InputError: listing the engines.
    """
    names = (AUTO, REFERENCE, *FAST)
    if name not in names:
        raise unknown("engine", name, names)
    return name


def choose_engine(asked: str, device: torch.device, reference_only: str, patches: int = 1) -> str:
    """Name of the engine to use.

    Args:
        asked: a name; ``auto`` takes the graphics card's engine where it can run, wherever the features are, then that
            of the features' device.
        device: where the features are.
        reference_only: what only the reference can compute of all that is wanted, in words; empty if there is nothing.
        patches: of a face.

    Raises:
        InputError: the engine that was asked for cannot do it, or not here.
    """
    if check_engine(asked) == REFERENCE:
        return REFERENCE
    if asked == AUTO:
        able = (name for name in ("cuda", device.type) if name in FAST and patches <= FAST[name].most_patches)
        return REFERENCE if reference_only else next((name for name in able if not FAST[name].missing()), REFERENCE)
    if asked == "cpu" and device.type != "cpu":
        reference_only = f"faces on {device}"
    if patches > FAST[asked].most_patches:
        reference_only = f"grids of {patches} patches (it takes up to {FAST[asked].most_patches})"
    if reference_only:
        raise InputError(f"Engine {asked} cannot compute {reference_only}; use rerank.engine=auto or reference.")
    if missing := FAST[asked].missing():
        raise InputError(f"Engine {asked} cannot run: {missing}; use rerank.engine=auto or reference.")
    return asked
