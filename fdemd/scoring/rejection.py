"""What scales of faces are worth: rejecting queries and pairs, choosing what to re-rank, similarity, templates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from fdemd.errors import InputError
from fdemd.losses.scale_head import ScaleHead
from fdemd.metrics.rejection import (
    area_under_risk,
    oracle_confidence,
    rejection_area,
    risk_coverage,
    tar_after_rejection,
)
from fdemd.metrics.uncertainty import pair_confidence, scaled_similarity, separating_cosine
from fdemd.metrics.verification import tar_at_far
from fdemd.retrieval.protocol import LEAVE_TWIN_OUT
from fdemd.scoring.closed_set import STAGE_1, STAGE_2
from fdemd.scoring.mixed_pairs import MixedPairs, draw_pairs
from fdemd.scoring.mixture import Mixture
from fdemd.scoring.templates import template_accuracy
from fdemd.tensors.directions import cosine_of_pairs

SCALE, NORM, FIRST, RANDOM, ORACLE = "scale", "feature norm", "first cosine", "random", "oracle"
FALSE_ACCEPT_RATES = (1e-2, 1e-3)
PORTIONS = torch.linspace(0, 0.5, 26, dtype=torch.float64)
"""Rejected, as in the published protocol (Kail et al., arXiv 2209.01880)."""
SHARES = torch.linspace(0, 1, 21, dtype=torch.float64)
"""Of queries that are re-ranked."""
_MOST_PAIRS = 500_000
_LEAST_SPREAD = 1e-3
"""Of feature norms, by their mean, so that they say anything."""
_TEMPLATE = 4


@dataclass(frozen=True)
class Rejection:
    """What one scale head gave on people it never saw. Rates in [0, 1].

    Attributes:
        scale: Kind of query -> mean scale of its faces.
        logit: Kind of query -> mean of what comes before the sigmoid.
        queries: Number of queries of all kinds, misses included.
        missed: Number of queries whose face was not found: wrong, and the first to be rejected.
        lone: Number of queries without a right answer, left out.
        answered: Stage -> confidence -> P@1 of the queries left at each of :data:`PORTIONS`.
        answered_area: Stage -> confidence -> mean P@1 over every coverage, from one query to all.
        pairs: Number of pairs of one person; there are as many of two, or all that exist.
        accepted: False accept rate -> confidence -> TAR at each of :data:`PORTIONS`, the threshold chosen anew.
        accepted_area: FAR -> confidence -> area under it by its range.
        mu: Half-way between the mean cosines of one person and of two, among the people trained on; None if they make
            no pair of one person or none of two.
        similarity: ``cosine`` and, with mu, ``scaled`` -> FAR -> TAR of all pairs.
        reranked: Confidence -> P@1 if the least sure share of queries is re-ranked, at each of :data:`SHARES`; empty
            without a second stage.
        templates: Way of joining -> P@1; empty where people have too few photographs.
    """

    scale: Mapping[str, float]
    logit: Mapping[str, float]
    queries: int
    missed: int
    lone: int
    answered: Mapping[str, Mapping[str, Tensor]]
    answered_area: Mapping[str, Mapping[str, float]]
    pairs: int
    accepted: Mapping[float, Mapping[str, Tensor]]
    accepted_area: Mapping[float, Mapping[str, float]]
    mu: float | None
    similarity: Mapping[str, Mapping[float, float]]
    reranked: Mapping[str, Tensor]
    templates: Mapping[str, float]


def measure_rejection(mixture: Mixture, trained_on: Mixture, head: ScaleHead, seed: int) -> Rejection:
    """Measure everything on a mixture of queries; ``mu`` comes from the people trained on.

    Args:
        mixture: Queries of people to test.
        trained_on: Queries of other people, for mu.
        head: Scale head that gave the logits of both.
        seed: Seed of the pairs, of random confidence and of the templates.

    Raises:
        InputError: There is no pair of one person to test, or none of two.
    """
    generator = torch.Generator().manual_seed(seed)
    confidence = _confidence(mixture, generator)
    right = {stage: _with_missed(hits, mixture.missed, False) for stage, hits in mixture.right.items()}
    by_stage = {
        stage: {name: _with_missed(value, mixture.missed, -torch.inf) for name, value in confidence.items()}
        | {ORACLE: _with_missed(hits.double(), mixture.missed, -torch.inf)}
        for stage, hits in mixture.right.items()
    }
    pairs, cosine = _pairs(mixture, generator)
    if pairs.same.all() or not pairs.same.any():
        kind = "two different people" if pairs.same.any() else "one person"
        raise InputError(
            f"The faces to test give no pair of {kind}; test more people, or people with more photographs."
        )
    sure = _pair_confidence(mixture, pairs, head, generator)
    scales = head.scale_of(mixture.queries.logit), head.scale_of(mixture.gallery.logit)
    other_pairs, other_cosine = _pairs(trained_on, generator)
    mu, scores = None, {"cosine": cosine}
    if other_pairs.same.any() and not other_pairs.same.all():
        mu = separating_cosine(other_cosine, other_pairs.same)
        scores["scaled"] = scaled_similarity(cosine, scales[0][pairs.query], scales[1][pairs.gallery], mu)
    accepted = {far: _accepted(cosine, pairs.same, sure, far) for far in FALSE_ACCEPT_RATES}
    return Rejection(
        scale=_by_kind(mixture, scales[0]),
        logit=_by_kind(mixture, mixture.queries.logit),
        queries=len(mixture.kind) + mixture.missed,
        missed=mixture.missed,
        lone=mixture.lone,
        answered={
            stage: {name: _left(value, right[stage]) for name, value in named.items()}
            for stage, named in by_stage.items()
        },
        answered_area={
            stage: {name: 1 - area_under_risk(value, right[stage]) for name, value in named.items()}
            for stage, named in by_stage.items()
        },
        pairs=int(pairs.same.sum()),
        accepted=accepted,
        accepted_area={
            far: {name: rejection_area(PORTIONS, rate) for name, rate in named.items()}
            for far, named in accepted.items()
        },
        mu=mu,
        similarity={
            name: {far: tar_at_far(score, pairs.same, far).tar for far in FALSE_ACCEPT_RATES}
            for name, score in scores.items()
        },
        reranked=_reranked(confidence, mixture),
        templates=template_accuracy(mixture, scales[0], size=_TEMPLATE, generator=generator),
    )


def _confidence(mixture: Mixture, generator: torch.Generator) -> dict[str, Tensor]:
    queries = mixture.queries
    norm = {NORM: queries.embedding.double().norm(dim=1)} if _norms_differ(mixture) else {}
    return {
        SCALE: queries.logit,
        **norm,
        FIRST: mixture.first.double(),
        RANDOM: torch.rand(len(queries.logit), dtype=torch.float64, generator=generator),
    }


def _norms_differ(mixture: Mixture) -> bool:
    """False for a network that gives embeddings of length 1, whose norms are rounding errors."""
    norm = mixture.queries.embedding.double().norm(dim=1)
    return bool(norm.std() > _LEAST_SPREAD * norm.mean())


def _pairs(mixture: Mixture, generator: torch.Generator) -> tuple[MixedPairs, Tensor]:
    queries, gallery = mixture.queries, mixture.gallery
    pairs = draw_pairs(queries.labels, gallery.labels, protocol=LEAVE_TWIN_OUT, most=_MOST_PAIRS, generator=generator)
    parts = zip(pairs.query.split(2**14), pairs.gallery.split(2**14), strict=True)
    cosine = [cosine_of_pairs(queries.embedding[one], gallery.embedding[other]) for one, other in parts]
    return pairs, torch.cat(cosine).double()


def _pair_confidence(
    mixture: Mixture, pairs: MixedPairs, head: ScaleHead, generator: torch.Generator
) -> dict[str, Tensor]:
    """Harmonic means of scales, in float64, where the sigmoid is not flat, and of squared norms (Kail et al.)."""
    queries, gallery = mixture.queries, mixture.gallery
    one, other = queries.logit[pairs.query], gallery.logit[pairs.gallery]
    norms = [faces.embedding.double().norm(dim=1) for faces in (queries, gallery)]
    norm = {}
    if _norms_differ(mixture):
        norm[NORM] = pair_confidence(norms[0][pairs.query] ** 2, norms[1][pairs.gallery] ** 2)
    return {
        SCALE: pair_confidence(head.scale_of(one), head.scale_of(other)),
        **norm,
        RANDOM: torch.rand(len(pairs.same), dtype=torch.float64, generator=generator),
    }


def _accepted(cosine: Tensor, same: Tensor, confidence: Mapping[str, Tensor], far: float) -> dict[str, Tensor]:
    oracle = oracle_confidence(cosine, same, tar_at_far(cosine, same, far).threshold)
    named = {**confidence, ORACLE: oracle}
    return {name: tar_after_rejection(cosine, same, value, far, PORTIONS) for name, value in named.items()}


def _left(confidence: Tensor, right: Tensor) -> Tensor:
    """P@1 of the queries that are left at each of :data:`PORTIONS`."""
    kept = (len(right) - (PORTIONS * len(right)).round()).long().clamp_min(1)
    return 1 - risk_coverage(confidence, right)[1][kept - 1]


def _reranked(confidence: Mapping[str, Tensor], mixture: Mixture) -> dict[str, Tensor]:
    if STAGE_2 not in mixture.right:
        return {}
    before, after = (mixture.right[stage].double() for stage in (STAGE_1, STAGE_2))
    total = len(before) + mixture.missed
    chosen = (SHARES * len(before)).round().long()
    found = {}
    for name, value in confidence.items():
        order = value.sort(stable=True).indices
        gain = torch.cat([torch.zeros(1, dtype=torch.float64), (after - before)[order].cumsum(0)])
        found[name] = (before.sum() + gain[chosen]) / total
    return found


def _by_kind(mixture: Mixture, value: Tensor) -> dict[str, float]:
    chosen = ((kind, value[mixture.kind == number]) for number, kind in enumerate(mixture.kinds))
    return {kind: float(some.double().mean()) for kind, some in chosen if len(some)}


def _with_missed(value: Tensor, missed: int, fill: float | bool) -> Tensor:
    return torch.cat([value, value.new_full((missed,), fill)])
