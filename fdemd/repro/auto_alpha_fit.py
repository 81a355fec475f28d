"""Fits the rule of ``alpha=auto``: which weight of the second stage brings the right person first, query by query.

Each query's success is tried at eleven weights and smoothed over them with a Gaussian kernel, so that its mean over the
queries is a smooth function of the rule; gradient ascent (Adam) finds the rule. Two of the eight statistics add up to a
third for nearly every query, so that the optimum is flat in one direction: steps, step size and start are part of the
result, and the start is drawn by the seed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from fdemd.retrieval.auto_alpha import Rule, Term, standardised, statistics
from fdemd.retrieval.stage2 import mix
from fdemd.tensors.checks import check

WEIGHTS = 11
"""Number of weights of the second stage that are tried, evenly from 0 to 1."""
SETTINGS: Mapping[str, Any] = {"steps": 600, "step size": 0.02, "weight decay": 1e-4, "kernel width": 0.08}
"""Settings of Adam and of the kernel over weights."""
_DIGITS = 4
"""Digits after the point of everything in a rule."""


@dataclass(frozen=True)
class Shortlists:
    """The first k candidates of some queries.

    Attributes:
        cosine: Cosines ``(Q, k)`` of the first stage, best first; minus infinity where there is nobody.
        similarity: Similarities ``(Q, k)`` of the second stage.
        hits: Booleans ``(Q, k)``: whether the candidate is the query's person.
    """

    cosine: Tensor
    similarity: Tensor
    hits: Tensor

    def __post_init__(self) -> None:
        scores = {"cosine": (self.cosine, "rank Q k"), "similarity": (self.similarity, "finite Q k")}
        check(scores | {"hits": (self.hits, "bool Q k")})

    def __len__(self) -> int:
        return len(self.cosine)

    def __getitem__(self, rows: Tensor) -> Shortlists:
        return Shortlists(self.cosine[rows], self.similarity[rows], self.hits[rows])

    def right(self, alpha: Tensor | float) -> Tensor:
        """Return booleans ``(Q,)``: whether the mix of both stages brings the right person first.

        Args:
            alpha: Weight of the second stage (DeepFace-EMD, Eq. 9): one number, or one for each query ``(Q, 1)``.
        """
        return self._first(self.cosine, self.similarity, alpha)

    def standardised(self) -> tuple[Tensor, Tensor]:
        """Return both scores as the rule sees them, ``(Q, k)`` each."""
        present = self.cosine > -torch.inf
        return standardised(self.cosine, present)[0], standardised(self.similarity, present)[0]

    def statistics(self) -> dict[str, Tensor]:
        """Return the statistics of :func:`fdemd.retrieval.auto_alpha.statistics`."""
        return statistics(*self.standardised(), self.cosine > -torch.inf)

    def success(self) -> Tensor:
        """Return ``(Q, WEIGHTS)``: 1 where that weight of the second stage brings the right person first, else 0."""
        first, second = self.standardised()
        weights = torch.linspace(0, 1, WEIGHTS).tolist()
        return torch.stack([self._first(first, second, weight) for weight in weights], dim=1).float()

    def _first(self, cosine: Tensor, similarity: Tensor, share: Tensor | float) -> Tensor:
        best = mix(cosine, similarity, share, self.cosine == -torch.inf).argmax(1, keepdim=True)
        return self.hits.gather(1, best)[:, 0]


@dataclass(frozen=True)
class Fit:
    """A rule and what it was fitted on.

    Attributes:
        rule: The rule, rounded to four digits.
        queries: Number of queries whose success depends on the weight; the others say nothing.
    """

    rule: Rule
    queries: int


def draw_fitted_people(people: Iterable[str], seed: int) -> frozenset[str]:
    """Draw the people to fit on, each with probability 1/2, whatever order they are given in.

    Args:
        people: Names.
        seed: Seed of the draw.
    """
    names = sorted(set(people))
    drawn = torch.rand(len(names), generator=torch.Generator().manual_seed(seed)) < 0.5
    return frozenset(name for name, chosen in zip(names, drawn.tolist(), strict=True) if chosen)


def fit_rule(sets: Sequence[tuple[Shortlists, float]], seed: int = 0) -> Fit:
    """Fit the rule that maximises the weighted sum of the sets' mean success.

    Args:
        sets: Shortlists of one kind of query, network and second stage, and how much their mean success counts.
        seed: Seed of the start.

    Raises:
        ValueError: The weight decides no query.
    """
    values, success, counts = [], [], []
    for shortlists, count in sets:
        table = shortlists.success()
        decided = table.amax(1) > table.amin(1)
        found = shortlists[decided].statistics()
        values.append(torch.stack(list(found.values()), dim=1))
        success.append(table[decided])
        counts.append(torch.full((int(decided.sum()),), count / len(shortlists)))
    statistic = torch.cat(values).double()  # the order of the queries then plays no part
    if len(statistic) < 2:
        raise ValueError("The weight of the second stage decides no query, so that nothing can be fitted.")
    mean, deviation = statistic.mean(0), statistic.std(0)
    solution = _ascended((statistic - mean) / deviation, torch.cat(success).double(), torch.cat(counts).double(), seed)
    columns = zip(mean.tolist(), deviation.tolist(), solution[:-1].tolist(), strict=True)
    terms = [Term(*(round(number, _DIGITS) for number in column)) for column in columns]
    return Fit(Rule(round(float(solution[-1]), _DIGITS), dict(zip(found, terms, strict=True))), len(statistic))


def _ascended(seen: Tensor, success: Tensor, counts: Tensor, seed: int) -> Tensor:
    """Coefficients and, last, the bias, ``(S + 1,)``.

    Args:
        seen: Statistics ``(Q, S)`` with mean 0 and deviation 1.
        success: Success ``(Q, WEIGHTS)`` at each weight.
        counts: How much each query counts, ``(Q,)``.
        seed: Seed of the start, which is a linear layer's usual one.
    """
    width = seen.shape[1] ** -0.5
    start = torch.empty(seen.shape[1] + 1).uniform_(-width, width, generator=torch.Generator().manual_seed(seed))
    solution = start.to(seen).requires_grad_()
    weights = torch.linspace(0, 1, WEIGHTS).to(seen)
    adam = torch.optim.Adam([solution], lr=SETTINGS["step size"], weight_decay=SETTINGS["weight decay"])
    for _ in range(SETTINGS["steps"]):
        weight = (seen @ solution[:-1] + solution[-1]).sigmoid()
        kernel = (-((weights - weight[:, None]).square()) / (2 * SETTINGS["kernel width"] ** 2)).softmax(1)
        adam.zero_grad()
        (-(kernel * success).sum(1) @ counts).backward()
        adam.step()
    return solution.detach()
