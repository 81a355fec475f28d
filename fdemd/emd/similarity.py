"""Earth Mover's similarity of faces, the score of the second stage (DeepFace-EMD, Sec. 3.1, Eqs. 1-3)."""

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
    """Compute the similarity ``sum(flow * cosine)`` of each query and its candidates.

    The flow is that of entropic optimal transport between the patches of two faces, whose marginals are given by the
    weighting and whose cost is ``1 - cosine``. Beyond the features, memory grows with the gallery by a few numbers a
    patch only.

    Args:
        query: Features of ``Q`` faces in any floating-point precision; the transport is computed in float32 or better.
        gallery: Features of ``G`` faces, likewise.
        candidates: Rows ``(Q, k)`` of the gallery, integers; negative ones count from its end.
        weighting: Marginals of the transport, a name in :data:`fdemd.emd.weighting.WEIGHTINGS`.
        stop: Stopping rule of the iteration, by default ``Converged()``.
        eps: Strength of the entropy, from 0.0029 to 10; the published code has 0.05.
        with_flow: Whether to return flows and marginals too, 4 * N * N bytes a pair.
        engine: ``auto``, ``reference`` or a name in :data:`fdemd.emd.engines.FAST`; all give the same scores.
        on_progress: Called with the number of pairs just computed.

    Returns:
        Similarities ``(Q, k)``, which pairs fell back to uniform weights or did not finish and, if asked for, flows.

    Raises:
        InputError: There is no such weighting or engine, eps is out of range, ``uew`` has a stopping rule other than
            ``Official``, the engine cannot do what is asked for, or the features hold numbers that are not finite.
        ValueError: Shapes do not belong together, or tensors are of another type or on several devices.
        IndexError: A candidate is not in the gallery.

    >>> faces = Features(torch.ones(2, 3), torch.eye(4)[None].repeat(2, 1, 1), grid=(2, 2))
    >>> emd_similarity(faces, faces, torch.tensor([[0, 1], [0, 1]])).similarity.round(decimals=3)
    tensor([[1., 1.],
            [1., 1.]])
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
    """Return what only the reference engine can compute of a request, in words; empty if all engines can.

    Args:
        stop: Stopping rule.
        eps: Strength of the entropy.
        with_flow: Whether flows are asked for.
        differentiable: Whether gradients are asked for.

    >>> reference_only(Converged(), 0.05, with_flow=True)
    'flows'
    """
    if not isinstance(stop, Converged):
        return "the official stop (rerank.stop=official)"
    if not float32_is_enough(eps):
        return f"an eps as small as {eps:g}"
    if with_flow:
        return "flows"
    return "gradients" if differentiable else ""
