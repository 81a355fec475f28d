"""Entropic optimal transport between two sets of patches (Sinkhorn's iterations), batched over pairs."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from fdemd.errors import InputError, unknown
from fdemd.tensors.checks import check

_FLOAT32_EXPONENT = 80.0
"""exp(-80) is still a normal float32; beyond it the kernel is kept in float64."""
_FLOAT64_EXPONENT = 700.0
SMALLEST_EPS = 2.0 / _FLOAT64_EXPONENT


@dataclass(frozen=True)
class Official:
    """The published stopping rule: the mean change of the gallery's scaling, over all candidates of a query, is small.

    A pair's score then depends on the other candidates of its query (``utils/emd.py`` of the
    published code).

    Args:
        threshold: Mean absolute change below which to stop.
        max_rounds: Largest number of iterations.
    """

    threshold: float = 0.1
    max_rounds: int = 100

    def __post_init__(self) -> None:
        _check_rule(self.threshold, self.max_rounds)


@dataclass(frozen=True)
class Converged:
    """Stop each pair by itself, once its flow misses the gallery's marginal by less than a tolerance (L1).

    A score is then within 1.2 times the tolerance of full convergence, whatever the patches, weights and eps: the most
    that a search for the worst pairs found (there is no proof). It is a third of the tolerance on photographs, so that
    the default leaves a score of those within 1e-4; 1e-3 is 1.3 times faster.

    Args:
        tolerance: L1 distance below which to stop, at least 0.
        max_rounds: Largest number of iterations.
    """

    tolerance: float = 3e-4
    max_rounds: int = 1000

    def __post_init__(self) -> None:
        _check_rule(self.tolerance, self.max_rounds)


def _check_rule(threshold: float, rounds: int) -> None:
    if not 0 <= threshold < float("inf") or type(rounds) is not int or not 1 <= rounds < 2**31:
        raise InputError(
            f"A stopping rule of {threshold} within {rounds} rounds is impossible; give a number from 0 on, and whole "
            "rounds from 1 on."
        )


Stop = Official | Converged


def stopping_rule(name: str, tolerance: float = Converged.tolerance) -> Stop:
    """Return a stopping rule by its name.

    Args:
        name: ``converged`` or ``official``.
        tolerance: Largest error of a patch's weight under the rule ``converged``.

    Raises:
        InputError: There is no such rule.
    """
    if name not in ("converged", "official"):
        raise unknown("stopping rule", name, ("converged", "official"))
    return Official() if name == "official" else Converged(tolerance)


def check_eps(eps: float) -> float:
    """Return ``eps`` if transport can be computed with it.

    Raises:
        InputError: It lies outside [SMALLEST_EPS, 10]: below, the kernel underflows; above, every flow is the outer
            product of the marginals.

    >>> check_eps(0.05)
    0.05
    """
    if not SMALLEST_EPS <= eps <= 10:
        raise InputError(f"eps is {eps}; it must lie between {SMALLEST_EPS:.4f} and 10 (the paper has 0.05).")
    return eps


def float32_is_enough(eps: float) -> bool:
    """Return whether no entry of the kernel leaves the range of float32.

    >>> float32_is_enough(0.05), float32_is_enough(0.01)
    (True, False)
    """
    return 2 / eps < _FLOAT32_EXPONENT


def sinkhorn(
    similarity: Tensor, query_weight: Tensor, gallery_weight: Tensor, *, eps: float, stop: Stop, group: int = 1
) -> tuple[Tensor, Tensor]:
    """Compute the flow from ``query_weight`` to ``gallery_weight`` of least cost with entropic regularisation.

    Minimises ``sum(flow * (1 - similarity)) - eps * entropy(flow)`` by Sinkhorn's iteration (Cuturi, 2013) in the order
    of the published code (``utils/emd.py``): the gallery's scaling first, then the query's, so that the query's
    marginal is met exactly and the gallery's up to the stopping rule.

    Args:
        similarity: Cosines ``(P, N, M)`` in [-1, 1], float32, a row a query patch and a column a gallery patch.
        query_weight: Marginals ``(P, N)``, non-negative.
        gallery_weight: Marginals ``(P, M)``, non-negative.
        eps: Strength of the entropy, see :func:`check_eps`.
        stop: Stopping rule; a finished pair is left as it is while the others go on.
        group: Number of consecutive pairs that stop together under ``Official`` (the candidates of one query).

    Returns:
        Flow ``(P, N, M)`` from query patch n to gallery patch m, and booleans ``(P,)``: whether the pair met the
        stopping rule within its rounds.

    Raises:
        ValueError: Shapes do not belong together, ``P`` is no multiple of ``group``, or tensors are of another type.
        InputError: eps is out of range.

    >>> half = torch.full((1, 2), 0.5)
    >>> flow, finished = sinkhorn(torch.eye(2)[None], half, half, eps=0.05, stop=Converged())
    >>> flow.round(decimals=3), finished
    (tensor([[[0.5000, 0.0000],
             [0.0000, 0.5000]]]), tensor([True]))
    """
    similarity, query_weight, gallery_weight = check(
        {
            "similarity": (similarity, "float P N M"),
            "query_weight": (query_weight, "float P N"),
            "gallery_weight": (gallery_weight, "float P M"),
        }
    )
    check_eps(eps)
    if isinstance(stop, Official) and (group < 1 or len(similarity) % group):
        raise ValueError(f"{len(similarity)} pairs cannot be stopped in groups of {group}.")
    dtype = torch.float32 if float32_is_enough(eps) else torch.float64
    kernel = ((similarity.to(dtype) - 1) / eps).exp()
    query_weight, gallery_weight = query_weight.to(dtype), gallery_weight.to(dtype)
    query, gallery, finished = _scalings(kernel, query_weight, gallery_weight, stop, group)
    return (query[:, :, None] * kernel * gallery[:, None, :]).to(similarity.dtype), finished


def _scalings(
    kernel: Tensor, query_weight: Tensor, gallery_weight: Tensor, stop: Stop, group: int
) -> tuple[Tensor, Tensor, Tensor]:
    """Scale rows ``(P, N)`` and columns ``(P, M)`` of the kernel until each pair meets the stopping rule (or not).

    Pairs that are done are dropped from the computation whenever they make up half of it, so that the slowest pair
    does not cost the others its rounds.
    """
    final_query, final_gallery = torch.ones_like(query_weight), torch.ones_like(gallery_weight)
    pairs = torch.arange(len(kernel), device=kernel.device)
    done = torch.zeros_like(pairs, dtype=torch.bool)
    query, gallery = final_query.clone(), final_gallery.clone()
    for turn in range(stop.max_rounds):
        reached = torch.bmm(query[:, None], kernel)[:, 0]
        if isinstance(stop, Converged):
            missed = (gallery * reached - gallery_weight).abs().sum(-1)
            # Before the first turn the query's weights are not met yet, whatever the gallery's are.
            finished = (missed < stop.tolerance) & (turn > 0) & ~done
            final_query[pairs[finished]], final_gallery[pairs[finished]] = query[finished], gallery[finished]
        previous, gallery = gallery, gallery_weight / reached
        query = query_weight / torch.bmm(kernel, gallery[:, :, None])[:, :, 0]
        if isinstance(stop, Official):
            change = (gallery - previous).abs().mean(-1).view(-1, group).mean(-1)
            finished = (change < stop.threshold).repeat_interleave(group) & ~done
            final_query[pairs[finished]], final_gallery[pairs[finished]] = query[finished], gallery[finished]
        done |= finished
        if 2 * done.sum() >= len(done):
            going = ~done
            pairs, done, kernel = pairs[going], done[going], kernel[going]
            query, gallery = query[going], gallery[going]
            query_weight, gallery_weight = query_weight[going], gallery_weight[going]
            if not len(pairs):
                break
    final_query[pairs[~done]], final_gallery[pairs[~done]] = query[~done], gallery[~done]
    finished = torch.ones(len(final_query), dtype=torch.bool, device=kernel.device)
    finished[pairs[~done]] = False
    return final_query, final_gallery, finished
