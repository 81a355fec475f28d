"""Earth Mover's similarity of faces: the second stage's score (paper Sec. 3.1, Eqs. 1-3)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor

from fdemd.emd.engines import AUTO, FAST, REFERENCE, choose_engine, reference
from fdemd.emd.side import side_of
from fdemd.emd.sinkhorn import Converged, Stop, check_eps, float32_is_enough
from fdemd.emd.transport import Transport
from fdemd.emd.weighting import check_weighting
from fdemd.errors import InputError
from fdemd.features import Features


def emd_similarity(
    query: Features,
    gallery: Features,
    candidates: Tensor,
    *,
    weighting: str = "apc",
    stop: Stop | None = None,
    eps: float = 0.05,
    with_flow: bool = False,
    engine: str = AUTO,
    on_progress: Callable[[int], None] = lambda pairs: None,
) -> Transport:
    """Similarity ``sum(flow * cosine)`` between each query and its candidates.

    Beyond the features, memory does not depend on the size of the gallery but for a few numbers a patch.

    Args:
        query: features of ``Q`` faces, in any float precision; the transport is computed in float32 at least.
        gallery: features of ``G`` faces, likewise.
        candidates: ``(Q, k)`` rows of the gallery, whole numbers; negative ones count from its end.
        weighting: a name in :data:`fdemd.emd.weighting.WEIGHTINGS`.
        stop: stopping rule of the iteration, ``Converged()`` if not given.
        eps: strength of the entropy; the paper's code has 0.05.
        with_flow: also return flows and weights, 4 * N * N bytes a pair.
        engine: ``auto``, ``reference`` or a name in :data:`fdemd.emd.engines.FAST`; all give the same scores.
        on_progress: told the number of pairs just computed.

    Raises:
        InputError: unknown weighting or engine, eps out of range, ``uew`` with a stopping rule other than ``Official``,
            an engine that cannot do it, or features with numbers that are not finite.
        ValueError: shapes that do not belong together, or tensors of another type or on several devices.
        IndexError: a candidate that is not in the gallery.
    """
    stop = stop or Converged()
    check_eps(eps)
    joint = check_weighting(weighting) == "uew"
    if joint and isinstance(stop, Converged):
        raise InputError(
            "Weighting uew gives the two faces different totals, so no flow can meet both and it never converges; "
            "use it with rerank.stop=official."
        )
    sides = side_of(query, weighting), side_of(gallery, weighting)
    differentiable = any(tensor.requires_grad for side in sides for tensor in (side.patches, side.terms.context))
    only = reference_only(stop, eps, with_flow=with_flow, differentiable=differentiable)
    name = choose_engine(engine, query.patches.device, only, query.patches.shape[1])
    if isinstance(stop, Converged) and name != REFERENCE:
        with torch.no_grad():
            found = FAST[name].solve(*sides, candidates, eps=eps, stop=stop, on_progress=on_progress)
    else:
        found = reference.solve(
            *sides, candidates, eps=eps, stop=stop, joint=joint, with_flow=with_flow, on_progress=on_progress
        )
    return replace(found, engine=name)


def reference_only(stop: Stop, eps: float, *, with_flow: bool = False, differentiable: bool = False) -> str:
    """What the fast engines cannot compute of this, in words; empty if they can compute all of it."""
    if not isinstance(stop, Converged):
        return "the official stop (rerank.stop=official)"
    if not float32_is_enough(eps):
        return f"an eps as small as {eps:g}"
    if with_flow:
        return "flows"
    return "gradients" if differentiable else ""
