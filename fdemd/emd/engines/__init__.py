"""Engines that compute the same transport: the reference in PyTorch for every case, fast ones for the common case."""

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
    """The function of a fast engine: marginals that sum to 1, each pair stopped by itself, scores without flows."""

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
        """Compute the similarity of each query and its candidates.

        Args:
            query: Side of ``Q`` faces.
            gallery: Side of ``G`` faces.
            candidates: Rows ``(Q, k)`` of the gallery; :func:`fdemd.emd.pairs.check_pairs` says what is refused.
            eps: Strength of the entropy, large enough for float32.
            stop: Stopping rule of each pair.
            on_progress: Called with the number of pairs just computed.
        """


class Engine(NamedTuple):
    """A fast engine.

    Attributes:
        solve: Its solver.
        missing: Returns what is missing to run it on this machine, in words; empty if nothing is.
        most_patches: Largest number of patches of a face.
    """

    solve: Solve
    missing: Callable[[], str]
    most_patches: int = sys.maxsize


FAST: dict[str, Engine] = {
    "cpu": Engine(cpu.solve, cpu.missing),
    "cuda": Engine(cuda.solve, cuda.missing, cuda.MOST_PATCHES),
}
"""Type of device, as PyTorch names it -> fast engine that works on it."""


def check_engine(name: str) -> str:
    """Return ``name`` if it is ``auto``, ``reference`` or the name of a fast engine.

    Raises:
        InputError: There is no such engine; the error lists those that there are.
    """
    names = (AUTO, REFERENCE, *FAST)
    if name not in names:
        raise unknown("engine", name, names)
    return name


def choose_engine(asked: str, device: torch.device, reference_only: str, patches: int = 1) -> str:
    """Return the name of the engine to use.

    Args:
        asked: Name of an engine, or ``auto``: that of the graphics card if it can run, wherever the features are,
            otherwise that of the device of the features.
        device: Device of the features.
        reference_only: What only the reference can compute of the request, in words; empty if there is nothing.
        patches: Number of patches of a face.

    Raises:
        InputError: The engine that was asked for cannot compute the request, or not on this machine.
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
