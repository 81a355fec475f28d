"""The engine for NVIDIA graphics cards: faces are brought there in blocks, and Triton kernels score the pairs.

The features may lie anywhere, such as in a file mapped into memory: what the card holds at a time does not depend on
the number of faces. A block of the gallery is brought once, and a block of queries once for each block of the gallery.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.nn.functional import pad

from fdemd.emd.pairs import check_float32, check_pairs
from fdemd.emd.side import Side
from fdemd.emd.sinkhorn import Converged
from fdemd.emd.transport import Transport

if TYPE_CHECKING:
    from fdemd.emd.engines.cuda_kernel import SideOnCard

MOST_PATCHES = 256
"""Largest number of patches of a face that the kernels can hold."""
_PAIRS_AT_ONCE = 2**22
"""Pairs between two calls of ``on_progress``; their candidates and scores take about 100 MiB on the card."""


def missing() -> str:
    """Return what is missing to run this engine here, in words; empty if nothing is."""
    if not torch.cuda.is_available():
        return "torch finds no CUDA graphics card on this machine"
    return "" if importlib.util.find_spec("triton") else "the package triton is not installed"


def solve(
    query: Side,
    gallery: Side,
    candidates: Tensor,
    *,
    eps: float,
    stop: Converged,
    on_progress: Callable[[int], None] = lambda pairs: None,
    card_memory: int | None = None,
) -> Transport:
    """Compute the transport between each query and its candidates on a graphics card.

    float16 and bfloat16 patches are multiplied as they are, those of int8 as float16, which holds them exactly, and
    summed in float32; everything else is float32.

    Args:
        query: Side of ``Q`` faces with at most :data:`MOST_PATCHES` patches.
        gallery: Side of ``G`` faces.
        candidates: Rows ``(Q, k)`` of the gallery; :func:`fdemd.emd.pairs.check_pairs` says what is refused. An
            expanded ``arange(G)`` asks for the whole gallery without taking memory for it.
        eps: Strength of the entropy, large enough for float32.
        stop: Stopping rule of each pair.
        on_progress: Called with the number of pairs just computed.
        card_memory: Bytes that faces from elsewhere may take on the card, by default half of what is free there.

    Raises:
        ValueError: The faces have more patches, or :func:`fdemd.emd.pairs.check_pairs` refuses the pairs.
    """
    candidates = check_pairs(query, gallery, candidates)
    check_float32(eps)
    if query.patches.shape[1] > MOST_PATCHES:
        raise ValueError(f"Faces have {query.patches.shape[1]} patches; the kernels hold {MOST_PATCHES} at the most.")
    device = _device(gallery)
    if card_memory is None:
        card_memory = torch.cuda.mem_get_info(device)[0] // 2 if device.type == "cuda" else 2**30
    dtype = torch.promote_types(query.patches.dtype, gallery.patches.dtype)
    dtype = {torch.int8: torch.float16}.get(dtype, dtype if dtype.itemsize == 2 else torch.float32)
    similarity = torch.zeros(candidates.shape, device=candidates.device)
    fallback, unfinished = torch.zeros(2, *candidates.shape, dtype=torch.bool, device=candidates.device)
    queries_at_once = min(_faces_within(card_memory // 4, query), _PAIRS_AT_ONCE // max(1, candidates.shape[1]))
    for here in _blocks(len(gallery), _faces_within(card_memory // 4 * 3, gallery)):
        block = _upload(gallery, here, device, dtype)
        for rows in _blocks(len(query), queries_at_once):
            chosen = candidates[rows].to(device)
            inside = (chosen >= here.start) & (chosen < here.stop)
            if not (pairs := int(inside.sum())):
                continue
            found = _score(_upload(query, rows, device, dtype), block, chosen - here.start, inside, eps, stop)
            similarity[rows] += found.similarity.to(similarity.device)
            fallback[rows] |= found.fallback.to(similarity.device)
            unfinished[rows] |= found.unfinished.to(similarity.device)
            on_progress(pairs)
    return Transport(similarity, fallback, unfinished)


def launch_settings(patches: int, channels: int, dtype: torch.dtype) -> dict[str, Any]:
    """What a kernel is compiled for: its sizes, its threads and how far loads run ahead of the products."""
    padded = max(16, 1 << (patches - 1).bit_length())
    wide = dtype.itemsize == 2 and padded <= 128
    return {
        "N": patches,
        "C": channels,
        "PADDED": padded,
        "TOGETHER": max(1, 64 // padded),
        "BLOCK": max(16, min(64 if wide else 32, 1 << (channels - 1).bit_length())),
        "num_warps": 4 if padded <= 64 else 16,
        "num_stages": 3 if wide else 2,
    }


def _score(
    query: SideOnCard, gallery: SideOnCard, chosen: Tensor, inside: Tensor, eps: float, stop: Converged
) -> Transport:
    """Scores and flags of the pairs of ``chosen (Q, k)`` that are ``inside`` this gallery; 0 for the others."""
    from fdemd.emd.engines.cuda_kernel import score_pairs  # not all of torch's builds bring triton along
    from fdemd.emd.engines.cuda_large_kernel import score_large_pair

    count, pair_faces = inside.sum(1), chosen[inside]
    found = [pair_faces.new_empty(len(pair_faces), dtype=dtype) for dtype in (torch.float32, torch.bool, torch.bool)]
    _, patches, channels = query.patches.shape
    settings = launch_settings(patches, channels, query.patches.dtype)
    kernel = score_pairs if settings["PADDED"] <= 128 else score_large_pair
    tiles = -(-int(count.max()) // settings["TOGETHER"])
    with torch.cuda.device_of(chosen):
        kernel[(len(count) * tiles,)](
            query,
            gallery,
            pad(count.cumsum(0), (1, 0)),
            pair_faces,
            *found,
            tiles,
            1 / eps,
            stop.tolerance,
            stop.max_rounds,
            **settings,
        )
    similarity, fallback, unfinished = (
        torch.zeros_like(inside, dtype=part.dtype).masked_scatter_(inside, part) for part in found
    )
    return Transport(similarity, fallback, unfinished)


def _device(side: Side) -> torch.device:
    """The card that has the faces already, or the current one; without any, Triton can but interpret, as tests do."""
    if side.patches.is_cuda:
        return side.patches.device
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def _faces_within(memory: int, side: Side) -> int:
    """Faces of a side that so many bytes of the card can hold; all of them if they are on a card."""
    if side.patches.is_cuda:
        return len(side)
    _, patches, channels = side.patches.shape
    return memory // (patches * channels * max(2, side.patches.itemsize) + 4 * (3 * patches + channels))


def _blocks(count: int, size: int) -> Iterator[slice]:
    """Cut ``count`` rows into slices of ``size``, at least 1."""
    size = max(1, size)
    return (slice(first, min(first + size, count)) for first in range(0, count, size))


def _upload(side: Side, rows: slice, device: torch.device, dtype: torch.dtype) -> SideOnCard:
    from fdemd.emd.engines.cuda_kernel import SideOnCard

    terms = side.terms[rows]
    parts = (side.inverse_norm[rows], terms.offset, terms.scale, terms.context)
    # The kernel reads memory, where a lazy negative (a view of a conjugate) still stands with its old sign.
    patches, *numbers = (part.resolve_neg() for part in (side.patches[rows], *parts))
    return SideOnCard(patches.to(device, dtype).contiguous(), *(part.to(device).contiguous() for part in numbers))
