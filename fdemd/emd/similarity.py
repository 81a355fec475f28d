"""Earth Mover's similarity of faces: the second stage's score (Phan and Nguyen, CVPR 2022, Sec. 3.1, Eqs. 1-3)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import torch

from fdemd.emd.engines import AUTO, FAST, REFERENCE, choose_engine, reference
from fdemd.emd.side import side_of
from fdemd.emd.sinkhorn import Converged, Stop, check_eps, float32_is_enough, stopping_rule
from fdemd.emd.transport import Transport
from fdemd.emd.visible import IGNORED, PARTIAL, check_way, of_what_moved, seen_side
from fdemd.emd.weighting import check_weighting
from fdemd.errors import InputError
from fdemd.features import Features, as_features, check_patches
from fdemd.tensors.arrays import Array, check_arrays


def emd_similarity(
    query: Features,
    gallery: Features,
    candidates: Array | None = None,
    *,
    weighting: str = "apc",
    stop: Stop | str = "converged",
    eps: float = 0.05,
    visible: str = IGNORED,
    with_flow: bool = False,
    engine: str = AUTO,
    on_progress: Callable[[int], None] = lambda pairs: None,
) -> Transport:
    """Compute the Earth Mover's similarity of each query to its candidates.

    The similarity is ``sum(flow * cosine)`` over all pairs of patches, where the flow moves the weights of the query's
    patches onto those of the gallery face at the least cost ``1 - cosine`` (DeepFace-EMD, Eqs. 1-3) with a little
    entropy (Sinkhorn). Beyond the features, memory does not depend on the size of the gallery but for a few numbers a
    patch. Gradients reach the patches.

    Args:
        query: Features of ``Q`` faces, in any floating precision; the transport is computed in float32 at least.
        gallery: Features of ``G`` faces, likewise.
        candidates: ``(Q, k)`` rows of the gallery to compare each query with, whole numbers; negative ones count from
            its end. Without them every query is compared with the whole gallery, ``k = G``.
        weighting: How much each patch counts, a name in :data:`fdemd.emd.WEIGHTINGS`.
        stop: Stopping rule of the iteration: ``converged``, ``official`` as in the published code, or one of these with
            values of its own, such as ``fdemd.emd.Converged(tolerance=1e-3)``.
        eps: Strength of the entropy, from 0.0029 to 10; the paper's code has 0.05.
        visible: What becomes of covered patches: ``ignored``, they count as any other; ``mass``, they weigh less;
            ``partial``, their share is not transported either, and the similarity is per unit of what is. The last two
            need ``Features.visible``, and ``partial`` copies the patches.
        with_flow: Whether to return flows and weights too, 4 * N * N bytes a pair.
        engine: ``auto``, ``reference`` or a name in :data:`fdemd.emd.engines.FAST`; all give the same scores.
        on_progress: Called with the number of pairs just computed.

    Returns:
        Similarity ``(Q, k)``, larger is closer, and what else is known of each pair.

    Raises:
        InputError: Unknown weighting, stopping rule or engine, eps out of range, ``uew`` with a stopping rule other
            than ``official`` or with partial transport, an engine that cannot do it, features of other shapes, with
            numbers that are not finite, or without what ``visible`` needs, or a candidate that is not in the gallery.

    Examples:
        >>> import numpy as np
        >>> rng = np.random.default_rng(0)
        >>> faces = Features(rng.normal(size=(3, 128)), rng.normal(size=(3, 4, 4, 32)))
        >>> found = emd_similarity(faces, faces, weighting="uniform", with_flow=True)
        >>> found.similarity.argmax(1).tolist()
        [0, 1, 2]
        >>> found.flow.shape  # of query 0, gallery face 2: found.flow[0, 2]
        torch.Size([3, 3, 16, 16])
    """
    query, gallery = as_features(query, "query"), as_features(gallery, "gallery")
    check_patches(query, "query")
    check_patches(gallery, "gallery")
    check_arrays(
        {"query.patches": (query.patches, "stored Q N C"), "gallery.patches": (gallery.patches, "stored G N C")}
    )
    if candidates is None:
        rows = torch.arange(len(gallery), device=query.patches.device).expand(len(query), -1)
    else:
        _, rows = check_arrays(
            {"query.embedding": (query.embedding, "float Q D"), "candidates": (candidates, "whole Q k")}
        )
    stop = stop if isinstance(stop, Stop) else stopping_rule(stop)
    check_eps(eps)
    joint = check_weighting(weighting) == "uew"
    if joint and isinstance(stop, Converged):
        raise InputError(
            "Weighting uew gives the two faces different totals, so no flow can meet both and it never converges; "
            "use it with rerank.stop=official."
        )
    if check_way(visible) == PARTIAL and joint:
        raise InputError(
            "Weighting uew gives the two faces different totals, of which no share can be left out; use another "
            "weighting with visible=partial."
        )
    query_side, query_share = seen_side(side_of(query, weighting), query, "query", visible)
    gallery_side, gallery_share = seen_side(side_of(gallery, weighting), gallery, "gallery", visible)
    sides = query_side, gallery_side
    differentiable = any(tensor.requires_grad for side in sides for tensor in (side.patches, side.terms.context))
    only = reference_only(stop, eps, with_flow=with_flow, differentiable=differentiable)
    name = choose_engine(engine, query.patches.device, only, sides[0].patches.shape[1])
    if isinstance(stop, Converged) and name != REFERENCE:
        with torch.no_grad():
            found = FAST[name].solve(*sides, rows, eps=eps, stop=stop, on_progress=on_progress)
    else:
        found = reference.solve(
            *sides, rows, eps=eps, stop=stop, joint=joint, with_flow=with_flow, on_progress=on_progress
        )
    if visible == PARTIAL:
        found = of_what_moved(found, query_share[:, None], gallery_share[rows.long()])
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
