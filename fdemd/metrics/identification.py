"""How good rankings are: P@1, R-Precision and MAP@R of each query.

Musgrave et al., "A Metric Learning Reality Check", ECCV 2020. How to add a figure: CONTRIBUTING.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pkgutil import resolve_name

import torch
from torch import Tensor

from fdemd.settings.plugins import load_plugin, plugin_names, unknown_choice
from fdemd.settings.ranking import METRICS
from fdemd.tensors.checks import checked


@checked(hits="bool Q L", relevant="whole Q")
def precision_at_1(hits: Tensor, relevant: Tensor) -> Tensor:
    """Return whether the first place is right.

    Args:
        hits: Boolean ``(Q, L)``, right or wrong at each place; ``L`` reaches ``relevant.max()`` or the whole gallery.
        relevant: ``(Q,)`` R, the number of right answers in the gallery.

    Returns:
        ``(Q,)`` in [0, 1]; meaningless where ``relevant`` is 0.

    Example:
        >>> precision_at_1(torch.tensor([[True, False], [False, True]]), torch.tensor([1, 1]))
        tensor([1., 0.], dtype=torch.float64)
    """
    return hits[:, :1].any(1).double()


@checked(hits="bool Q L", relevant="whole Q")
def r_precision(hits: Tensor, relevant: Tensor) -> Tensor:
    """Return the share of right answers in the first R places. Arguments as in :func:`precision_at_1`.

    Example:
        >>> r_precision(torch.tensor([[True, False, True]]), torch.tensor([2]))
        tensor([0.5000], dtype=torch.float64)
    """
    return (hits & _within(hits, relevant)).sum(1) / relevant.clamp_min(1).double()


@checked(hits="bool Q L", relevant="whole Q")
def map_at_r(hits: Tensor, relevant: Tensor) -> Tensor:
    """Return the mean over the first R places of the precision there, 0 at a wrong one.

    Arguments as in :func:`precision_at_1`.

    Example:
        >>> map_at_r(torch.tensor([[False, True, True]]), torch.tensor([2]))
        tensor([0.2500], dtype=torch.float64)
    """
    precision = hits.double().cumsum(1) / torch.arange(1, hits.shape[1] + 1, device=hits.device)
    return (precision * (hits & _within(hits, relevant))).sum(1) / relevant.clamp_min(1).double()


def _within(hits: Tensor, relevant: Tensor) -> Tensor:
    return torch.arange(hits.shape[1], device=hits.device) < relevant[:, None]


QueryMetric = Callable[[Tensor, Tensor], Tensor]
"""``hits (Q, L)`` and ``relevant (Q,)`` -> ``(Q,)`` float64, one number a query."""


def metrics_named(names: Iterable[str]) -> dict[str, QueryMetric]:
    """Return figures by their names, those of plug-ins included.

    Raises:
        InputError: There is no such figure.

    Example:
        >>> list(metrics_named(["MAP@R", "P@1"]))
        ['MAP@R', 'P@1']
    """
    return {name: _metric(name) for name in names}


def _metric(name: str) -> QueryMetric:
    plugins = plugin_names("metrics")
    if name not in METRICS and name not in plugins:
        raise unknown_choice("metric", name, [*METRICS, *plugins], "metrics")
    metric: QueryMetric = resolve_name(METRICS[name]) if name in METRICS else load_plugin("metrics", name)
    return metric


IDENTIFICATION = metrics_named(("P@1", "RP", "MAP@R"))
"""The three figures of the paper's tables, in its order."""


@checked(hits="bool Q L")
def best_possible(hits: Tensor, k: int) -> Tensor:
    """Return the hits if the first ``k`` places were re-ranked perfectly: no second stage can exceed it (Table 1)."""
    k = max(0, k)
    ideal = hits[:, :k].sort(dim=1, descending=True).values
    return torch.cat([ideal, hits[:, k:]], dim=1)


@checked(hits="bool Q L")
def first_hits(hits: Tensor) -> Tensor:
    """Return the place of the first right answer of each query, from 1; 0 if no place is right.

    Args:
        hits: ``(Q, L)`` boolean, right or wrong at each place.

    Returns:
        ``(Q,)`` int32.

    >>> first_hits(torch.tensor([[False, True, True], [False, False, False]])).tolist()
    [2, 0]
    """
    return torch.where(hits.any(1), hits.to(torch.uint8).argmax(1) + 1, 0).int()
