"""The compiled engine for processors: product, kernel, iteration and score of a pair without leaving its cache.

The library in ``native`` is called through ctypes, so that it needs a C++ compiler but nothing of Python to be built.
"""

from __future__ import annotations

import ctypes
import importlib.util
from collections.abc import Callable

import torch
from torch import Tensor

from fdemd.emd.side import Side
from fdemd.emd.sinkhorn import Converged
from fdemd.emd.transport import Transport

_PRECISIONS = {torch.float32: 0, torch.float16: 1, torch.bfloat16: 2}
_PLACES_AT_ONCE = 128
"""Candidates of a query that one thread takes at a time; a single query with many candidates keeps them all busy."""
_PRODUCTS_AT_ONCE = 2**34
"""Multiplications in a call, under a second on one core; between calls Ctrl-C is heard and progress is told."""


class _Side(ctypes.Structure):
    _fields_ = (
        *((name, ctypes.c_void_p) for name in ("patches", "inverse_norm", "offset", "scale", "context")),
        ("precision", ctypes.c_int64),
    )


class _Problem(ctypes.Structure):
    """As in ``native/problem.h``."""

    _fields_ = (
        ("query", _Side),
        ("gallery", _Side),
        ("candidates", ctypes.c_void_p),
        *((name, ctypes.c_int64) for name in ("candidates_apart", "places", "places_at_once", "patches", "channels")),
        *((name, ctypes.c_double) for name in ("eps", "tolerance")),
        *((name, ctypes.c_int64) for name in ("max_rounds", "products_only")),
        *((name, ctypes.c_void_p) for name in ("similarity", "fallback", "unfinished")),
    )


def _load() -> ctypes.CDLL | None:
    """The library, unless it was not built, or from another state of the code."""
    spec = importlib.util.find_spec("fdemd.emd.engines._cpu")
    if spec is None or spec.origin is None:
        return None
    library = ctypes.CDLL(spec.origin)
    library.fdemd_problem_bytes.restype = ctypes.c_int64
    library.fdemd_instructions.restype = ctypes.c_char_p
    library.fdemd_solve.argtypes = (ctypes.POINTER(_Problem), *3 * (ctypes.c_int64,), ctypes.c_char_p)
    return library if library.fdemd_problem_bytes() == ctypes.sizeof(_Problem) else None


_LIBRARY = _load()
INSTRUCTIONS: tuple[str, ...] = tuple(_LIBRARY.fdemd_instructions().decode().split()) if _LIBRARY else ()
"""Instruction sets that the engine has and this processor too, the fastest first."""


def missing() -> str:
    """What is missing to run it here, in words; empty if nothing is."""
    if _LIBRARY is None:
        return "the compiled engine is not installed (install a C++ compiler such as g++, then fdemd again)"
    return ""


def solve(
    query: Side,
    gallery: Side,
    candidates: Tensor,
    *,
    eps: float,
    stop: Converged,
    on_progress: Callable[[int], None] = lambda pairs: None,
    instructions: str | None = None,
    products_only: bool = False,
) -> Transport:
    """See :class:`fdemd.emd.engines.Solve`; on ``torch.get_num_threads()`` threads.

    Args:
        query: ``Q`` faces in memory.
        gallery: ``G`` faces in memory; float32, float16 and bfloat16 are read as they are.
        candidates: ``(Q, k)`` rows that must be in the gallery; an expanded ``arange(G)`` stays one row of memory.
        eps: strength of the entropy.
        stop: stopping rule of each pair.
        on_progress: told the number of pairs just computed.
        instructions: one of :data:`INSTRUCTIONS`, the first if not given.
        products_only: stop after the products, to measure what they alone cost; the result then has no meaning.
    """
    if _LIBRARY is None:
        raise RuntimeError(missing())
    instructions = instructions or INSTRUCTIONS[0]
    if candidates.stride(1) != 1:
        candidates = candidates.contiguous()
    places = candidates.shape[1]
    _, patches, channels = query.patches.shape
    similarity = torch.zeros(candidates.shape)
    fallback, unfinished = torch.zeros(2, *candidates.shape, dtype=torch.bool)
    kept = [_tensors(query), _tensors(gallery)]
    problem = _Problem(
        *(_Side(*(t.data_ptr() for t in tensors), _PRECISIONS[tensors[0].dtype]) for tensors in kept),
        candidates.data_ptr(),
        candidates.stride(0),
        places,
        _PLACES_AT_ONCE,
        patches,
        channels,
        eps,
        stop.tolerance,
        stop.max_rounds,
        products_only,
        *(tensor.data_ptr() for tensor in (similarity, fallback, unfinished)),
    )
    parts = -(-places // _PLACES_AT_ONCE)
    threads = torch.get_num_threads()
    step = max(threads, _PRODUCTS_AT_ONCE // (patches**2 * max(channels, 64) * min(_PLACES_AT_ONCE, max(1, places))))
    pairs = [0]
    for first in range(0, len(candidates) * parts, step):
        last = min(first + step, len(candidates) * parts)
        _LIBRARY.fdemd_solve(problem, first, last, threads, instructions.encode())
        pairs.append(last // parts * places + min(last % parts * _PLACES_AT_ONCE, places))
        on_progress(pairs[-1] - pairs[-2])
    return Transport(similarity, fallback, unfinished)


def _tensors(side: Side) -> tuple[Tensor, ...]:
    """The tensors of a side in the order of ``_Side``, laid out as the library reads them."""
    patches = side.patches if side.patches.dtype in _PRECISIONS else side.patches.float()
    terms = side.terms
    return tuple(
        tensor.contiguous() for tensor in (patches, side.inverse_norm, terms.offset, terms.scale, terms.context)
    )
