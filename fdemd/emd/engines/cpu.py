"""The compiled engine for processors: product, kernel, iteration and score of a pair without leaving its cache.

The library in ``native`` is called through ctypes, so that it needs a C++ compiler but nothing of Python to be built.
"""

from __future__ import annotations

import ctypes
import importlib.util
from collections.abc import Callable

import torch
from torch import Tensor

from fdemd.emd.pairs import check_float32, check_pairs
from fdemd.emd.side import Side
from fdemd.emd.sinkhorn import Converged
from fdemd.emd.transport import Transport

_PRECISIONS = {torch.float32: 0, torch.float16: 1, torch.bfloat16: 2, torch.int8: 3}
_PLACES_AT_ONCE = 128
"""Candidates of a query that a thread takes at a time; a single query with many candidates keeps all threads busy."""
_PRODUCTS_AT_ONCE = 2**34
"""Multiplications in a call, under a second on one core; between calls Ctrl-C is heard and progress is reported."""


_REFUSALS: dict[int, tuple[type[Exception], str]] = {
    1: (ValueError, "The compiled engine refuses these faces: a size, a type or a setting is out of its range."),
    2: (ValueError, "The compiled engine refuses candidates that are not in the gallery."),
    3: (ValueError, "The compiled engine does not have these instructions, or this processor does not."),
    4: (MemoryError, "There is not enough memory for the matrices of a pair of faces."),
}
"""Answer of ``fdemd_solve``, as in ``native/problem.h`` -> error to raise."""


class _Side(ctypes.Structure):
    _fields_ = (
        *((name, ctypes.c_void_p) for name in ("patches", "inverse_norm", "offset", "scale", "context")),
        ("precision", ctypes.c_int64),
    )


class _Problem(ctypes.Structure):
    """The struct of the same name in ``native/problem.h``."""

    _fields_ = (
        ("query", _Side),
        ("gallery", _Side),
        *((name, ctypes.c_int64) for name in ("queries", "faces")),
        ("candidates", ctypes.c_void_p),
        *((name, ctypes.c_int64) for name in ("candidates_apart", "places", "places_at_once", "patches", "channels")),
        *((name, ctypes.c_double) for name in ("eps", "tolerance")),
        *((name, ctypes.c_int64) for name in ("max_rounds", "products_only")),
        *((name, ctypes.c_void_p) for name in ("similarity", "fallback", "unfinished")),
    )


def load(path: str) -> ctypes.CDLL | None:
    """Load the library in a file; return None if it was built from another state of the code."""
    library = ctypes.CDLL(path)
    library.fdemd_problem_bytes.restype = ctypes.c_int64
    library.fdemd_instructions.restype = ctypes.c_char_p
    library.fdemd_solve.argtypes = (ctypes.POINTER(_Problem), *3 * (ctypes.c_int64,), ctypes.c_char_p)
    library.fdemd_solve.restype = ctypes.c_int64
    return library if library.fdemd_problem_bytes() == ctypes.sizeof(_Problem) else None


def _installed() -> ctypes.CDLL | None:
    """Load the installed library; return None if it was not built."""
    spec = importlib.util.find_spec("fdemd.emd.engines._cpu")
    return None if spec is None or spec.origin is None else load(spec.origin)


_LIBRARY = _installed()
INSTRUCTIONS: tuple[str, ...] = tuple(_LIBRARY.fdemd_instructions().decode().split()) if _LIBRARY else ()
"""Instruction sets that both the engine and this processor have, the fastest first."""


def missing() -> str:
    """Return what is missing to run this engine here, in words; empty if nothing is."""
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
    """Compute the transport between each query and its candidates on ``torch.get_num_threads()`` threads.

    Args:
        query: Side of ``Q`` faces in memory.
        gallery: Side of ``G`` faces in memory; float32, float16, bfloat16 and int8 patches are read as they are.
        candidates: Rows ``(Q, k)`` of the gallery; :func:`fdemd.emd.pairs.check_pairs` says what is refused. An
            expanded ``arange(G)`` stays one row of memory.
        eps: Strength of the entropy, large enough for float32.
        stop: Stopping rule of each pair.
        on_progress: Called with the number of pairs just computed.
        instructions: One of :data:`INSTRUCTIONS`, by default the first.
        products_only: Whether to stop after the products, to measure what they alone cost; the result is meaningless.

    Raises:
        ValueError: The faces are not in the processor's memory, or the library refuses them.
        MemoryError: There is not enough memory for the matrices of a pair.
    """
    if _LIBRARY is None:
        raise RuntimeError(missing())
    candidates = check_pairs(query, gallery, candidates)
    check_float32(eps)
    if candidates.device.type != "cpu":
        raise ValueError(f"The faces are on {candidates.device}; this engine reads the processor's memory.")
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
        len(query),
        len(gallery),
        candidates.data_ptr(),
        candidates.stride(0) if len(candidates) > 1 else 0,
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
        if answer := _LIBRARY.fdemd_solve(problem, first, last, threads, instructions.encode()):
            error, message = _REFUSALS[answer]
            raise error(message)
        pairs.append(last // parts * places + min(last % parts * _PLACES_AT_ONCE, places))
        on_progress(pairs[-1] - pairs[-2])
    return Transport(similarity, fallback, unfinished)


def _tensors(side: Side) -> tuple[Tensor, ...]:
    """Return the tensors of a side in the order of ``_Side``, laid out as the library reads them."""
    patches = side.patches if side.patches.dtype in _PRECISIONS else side.patches.float()
    terms = side.terms
    return tuple(
        tensor.resolve_neg().contiguous()
        for tensor in (patches, side.inverse_norm, terms.offset, terms.scale, terms.context)
    )
