"""The contenders of the benchmark: the published algorithm, the POT library, and fdemd's engines."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import normalize

from fdemd.emd import Converged
from fdemd.emd.compact import compact, map_within
from fdemd.emd.engines import FAST, cpu, reference
from fdemd.emd.side import side_of
from fdemd.features import Features

EPS = 0.05
STOP = Converged(1e-3)
PUBLISHED, EXACT = "published", "POT exact"


@dataclass(frozen=True)
class Task:
    """Queries, gallery and the candidates ``(Q, k)`` of each query; patches in float32."""

    query: Features
    gallery: Features
    candidates: Tensor


Run = Callable[[slice], Tensor]
"""Some queries -> similarity ``(queries, k)``."""


@dataclass(frozen=True)
class Contender:
    """A contender: its name, its preparation before the clock starts, and what its products alone cost."""

    name: str
    prepare: Callable[[Task], Run]
    floor: str = ""


def published_similarity(query: Tensor, query_centre: Tensor, gallery: Tensor, gallery_centre: Tensor) -> Tensor:
    """Compute the similarity of one query by the published algorithm, restated from its description (weighting APC).

    Args:
        query: Patches ``(C, N)`` of the query, of length 1.
        query_centre: Mean patch ``(C,)`` of the query, of length 1.
        gallery: Patches ``(k, C, N)`` of the candidates, of length 1.
        gallery_centre: Mean patches ``(k, C)`` of the candidates, of length 1.

    Returns:
        Similarities ``(k,)``.
    """
    similarity = torch.einsum("cm,kcs->ksm", query, gallery)
    kernel = (-(1 - similarity) / EPS).exp()
    u = torch.einsum("c,kcs->ks", query_centre, gallery).relu()
    v = torch.einsum("cm,kc->km", query, gallery_centre).relu()
    u, v = u / (u.sum(1, keepdim=True) + 1e-7), v / (v.sum(1, keepdim=True) + 1e-7)
    r, c = torch.ones_like(u), torch.ones_like(v)
    for _ in range(100):
        before = r
        r = u / torch.matmul(kernel, c[:, :, None])[:, :, 0]
        c = v / torch.matmul(kernel.mT, r[:, :, None])[:, :, 0]
        if (r - before).abs().mean().item() < 0.1:
            break
    flow = r[:, :, None] * kernel * c[:, None, :]
    return (flow * similarity).sum((1, 2)).nan_to_num(0.0)


def _published(task: Task) -> Run:
    sides = [
        (normalize(side.patches, dim=-1).mT.contiguous(), normalize(side.centre, dim=-1))
        for side in (task.query, task.gallery)
    ]
    (query, query_centre), (gallery, gallery_centre) = sides

    def run(rows: slice) -> Tensor:
        numbers = range(len(query))[rows]
        chosen = [task.candidates[q] for q in numbers]
        pairs = zip(numbers, chosen, strict=True)
        return torch.stack(
            [published_similarity(query[q], query_centre[q], gallery[g], gallery_centre[g]) for q, g in pairs]
        )

    return run


def _problems(task: Task) -> Callable[[int], tuple[Tensor, Tensor, Tensor]]:
    """Yield for each query the cosines ``(k, N, N)`` and the weights of both sides ``(k, N)``, as POT is given them."""
    query, gallery = (side_of(side, "apc") for side in (task.query, task.gallery))

    def problem(q: int) -> tuple[Tensor, Tensor, Tensor]:
        chosen = task.candidates[q]
        ours, theirs = query.unit(slice(q, q + 1)), gallery.unit(chosen)
        a = (theirs @ query.terms.context[q]).relu()
        b = (gallery.terms.context[chosen] @ ours[0].mT).relu()
        return theirs @ ours.mT, a / a.sum(1, keepdim=True), b / b.sum(1, keepdim=True)

    return problem


def _pot_batched(task: Task) -> Run:
    from ot.batch import solve_batch

    problem = _problems(task)

    def scores(q: int) -> Tensor:
        cosine, a, b = problem(q)
        found = solve_batch(1 - cosine, EPS, a, b, tol=STOP.tolerance, method="sinkhorn", grad="detach")
        return (found.plan * cosine).sum((1, 2))

    return lambda rows: torch.stack([scores(q) for q in range(len(task.query))[rows]])


def _pot_pairwise(task: Task, solve: Callable[[Any, Any, Any], float]) -> Run:
    problem = _problems(task)

    def scores(q: int) -> Tensor:
        cosine, a, b = (tensor.double() for tensor in problem(q))
        a, b = a / a.sum(1, keepdim=True), b / b.sum(1, keepdim=True)
        pairs = zip((1 - cosine).numpy(), a.numpy(), b.numpy(), strict=True)
        return torch.tensor([1 - solve(one, other, cost) for cost, one, other in pairs])

    return lambda rows: torch.stack([scores(q) for q in range(len(task.query))[rows]])


def _pot_sinkhorn(task: Task) -> Run:
    import ot

    def solve(a: Any, b: Any, cost: Any) -> float:
        return float((ot.sinkhorn(a, b, cost, EPS, stopThr=STOP.tolerance, warn=False) * cost).sum())

    return _pot_pairwise(task, solve)


def _pot_exact(task: Task) -> Run:
    import ot

    return _pot_pairwise(task, lambda a, b, cost: float(ot.emd2(a, b, cost)))


def _stored(task: Task, dtype: torch.dtype) -> tuple[Features, Features]:
    """Return queries and gallery as they are kept in a precision; of int8 in at most 8 KiB a face."""
    if dtype == torch.int8:
        patch_map = map_within(task.gallery)
        return compact(task.query, patch_map), compact(task.gallery, patch_map)
    query, gallery = (
        Features(side.embedding, side.patches.to(dtype), side.grid) for side in (task.query, task.gallery)
    )
    return query, gallery


def _engine(task: Task, solve: Callable[..., Any], dtype: torch.dtype) -> Run:
    query, faces = _stored(task, dtype)
    gallery = side_of(faces, "apc")

    def run(rows: slice) -> Tensor:
        found = solve(side_of(query[rows], "apc"), gallery, task.candidates[rows], eps=EPS, stop=STOP)
        return found.similarity

    return run


def contenders() -> list[Contender]:
    """Return the contenders that can run here, the published algorithm first."""
    found = [Contender(PUBLISHED, _published)]
    if importlib.util.find_spec("ot"):
        batched = importlib.util.find_spec("ot.batch") is not None
        sinkhorn = Contender("POT ot.batch", _pot_batched) if batched else Contender("POT ot.sinkhorn", _pot_sinkhorn)
        found += [sinkhorn, Contender(EXACT, _pot_exact)]
    found.append(_contender("reference", reference.solve, torch.float32))
    for dtype in (torch.float32, torch.float16, torch.bfloat16, torch.int8):
        if not cpu.missing():
            floor = _contender("products", partial(cpu.solve, products_only=True), dtype)
            found += [_contender("cpu", cpu.solve, dtype, floor.name), floor]
        if not FAST["cuda"].missing():
            found.append(_contender("cuda", FAST["cuda"].solve, dtype))
    return found


def _contender(name: str, solve: Callable[..., Any], dtype: torch.dtype, floor: str = "") -> Contender:
    label = f"{name} {str(dtype).removeprefix('torch.')}"
    return Contender(label, partial(_engine, solve=solve, dtype=dtype), floor)
