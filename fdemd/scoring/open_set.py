"""Searches for people inside and outside a gallery, in both stages, on given features. No network, no file."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from fdemd.features import Features
from fdemd.metrics.open_set import mated_scores, threshold_at_fpir
from fdemd.retrieval.protocol import OFFICIAL, Labels, count_relevant, measured_protocols
from fdemd.retrieval.ranking import Ranking
from fdemd.retrieval.search_result import PairCounts, SearchResult
from fdemd.retrieval.two_stages import TwoStageSearch
from fdemd.scoring.closed_set import STAGE_1, STAGE_2
from fdemd.scoring.error_rates import ErrorRates, measure_error_rates

RATES = (1e-1, 1e-2, 1e-3)
"""False positive identification rates (FPIR) that thresholds are set at."""


@dataclass(frozen=True)
class Searches:
    """The mated or the non-mated searches of one kind, those whose face was not found last.

    Attributes:
        scores: Stage -> the score ``(S,)`` float64 that decides each search; minus infinity where it has none.
        identity: ``(S,)`` the person searched for.
        missed: Number of searches whose face was not found.
        fallbacks: Pairs of stage 2 weighted uniformly because no patch had a positive weight.
        unfinished: Pairs of stage 2 that did not meet the stopping rule within its rounds.
        picture: ``(S,)`` the pictures, see :class:`fdemd.retrieval.protocol.Labels`.
        rankings: Stage -> the gallery as it was ranked for the searches with a face.
        hits: Stage -> booleans of that ranking's shape: whether the face at each place is of the person.
    """

    scores: Mapping[str, Tensor]
    identity: Tensor
    missed: int
    fallbacks: int
    unfinished: int
    picture: Tensor
    rankings: Mapping[str, Ranking]
    hits: Mapping[str, Tensor]

    def __len__(self) -> int:
        return len(self.identity)

    @property
    def people(self) -> int:
        """Number of people searched for."""
        return len(self.identity.unique())


@dataclass(frozen=True)
class OpenSet:
    """What one kind of query gave under one protocol.

    Attributes:
        kind: Kind of query.
        protocol: What was really measured, ``leave-one-out`` for mated searches that are themselves in the gallery.
        mated: Searches for people in the gallery.
        nonmated: Searches for people outside; the same under every protocol.
        lone: Number of searches for people inside without another photograph of them in the gallery; in no figure.
        errors: Stage -> error rates, at the thresholds of :func:`set_thresholds`.
    """

    kind: str
    protocol: str
    mated: Searches
    nonmated: Searches
    lone: int
    errors: Mapping[str, ErrorRates]


def measure_open_set(
    kind: str,
    protocol: str,
    mated: Searches,
    nonmated: Searches,
    lone: int,
    thresholds: Mapping[str, Sequence[float | None]],
    seed: int,
) -> OpenSet:
    """Measure the error rates of each stage of some searches.

    Args:
        kind: Kind of query.
        protocol: What was really measured.
        mated: Searches for people in the gallery.
        nonmated: Searches for people outside.
        lone: Number of searches that are in no figure.
        thresholds: Stage -> threshold at each of :data:`RATES`.
        seed: Seed of the bootstrap.
    """
    errors = {
        stage: measure_error_rates(
            mated.scores[stage], mated.identity, nonmated.scores[stage], nonmated.identity, of_stage, seed
        )
        for stage, of_stage in thresholds.items()
    }
    return OpenSet(kind, protocol, mated, nonmated, lone, errors)


def set_thresholds(nonmated: Searches) -> dict[str, list[float | None]]:
    """Set the threshold of each stage at each of :data:`RATES`.

    Args:
        nonmated: Searches for people outside the gallery.

    Returns:
        Stage -> thresholds, None where the searches are too few to tell the rate from 0.
    """
    return {stage: [threshold_at_fpir(scores, rate) for rate in RATES] for stage, scores in nonmated.scores.items()}


class OpenSetSearch:
    """Searches of a gallery for people inside and outside it.

    Attributes:
        gallery: The gallery and, at most, one second stage.
        rank: R, at most the second stage's k: a known person must be among the first R places.
    """

    def __init__(self, gallery: TwoStageSearch, rank: int) -> None:
        self.gallery, self.rank = gallery, rank

    def nonmated(self, query: Features, labels: Labels, missed: Labels) -> Searches:
        """Search for people outside the gallery; the first place's score decides.

        Args:
            query: Features of the ``Q`` faces that were found.
            labels: Where they come from; no protocol bars any of them from any gallery face.
            missed: Where the searches come from whose face was not found.
        """
        found = self.gallery.queries(query, labels).rank(OFFICIAL, self.rank)
        return self._searches(found, labels, missed, _first_place)

    def mated(
        self, query: Features, labels: Labels, missed: Labels, protocols: Sequence[str]
    ) -> dict[str, tuple[Searches, int]]:
        """Search for people inside the gallery; the best score of the person's faces in the first R places decides.

        Args:
            query: Features of the ``Q`` faces that were found.
            labels: Where they come from.
            missed: Where the searches come from whose face was not found.
            protocols: Names, see :mod:`fdemd.retrieval.protocol`.

        Returns:
            Measured protocol -> the mated searches, and the number of lone ones.
        """
        measured = measured_protocols(protocols, labels, self.gallery.labels)
        relevant = {protocol: self._relevant(labels, protocol) for protocol in measured}
        searched = torch.stack(list(relevant.values())).any(0).nonzero()[:, 0]
        labels = labels[searched]
        queries = self.gallery.queries(query[searched], labels)
        mated = {}
        for protocol in measured:
            counted, counted_missed = relevant[protocol][searched], self._relevant(missed, protocol)

            def best_score(ranking: Ranking, counted: Tensor = counted) -> Tensor:
                return mated_scores(self._hits(ranking, labels), ranking.scores, self.rank)[counted]

            lone = int((~relevant[protocol]).sum() + (~counted_missed).sum())
            found = queries.rank(protocol, self.rank)
            mated[protocol] = self._searches(found, labels, missed[counted_missed], best_score, counted), lone
        return mated

    def _relevant(self, labels: Labels, protocol: str) -> Tensor:
        return count_relevant(labels, self.gallery.labels, protocol) > 0

    def _hits(self, ranking: Ranking, labels: Labels) -> Tensor:
        return ranking.hits(labels.identity, self.gallery.labels.identity)

    def _searches(
        self,
        found: SearchResult,
        labels: Labels,
        missed: Labels,
        decide: Callable[[Ranking], Tensor],
        counted: Tensor | None = None,
    ) -> Searches:
        """Take what decides each search; ``counted (Q,)`` are those that are kept, None all."""
        counted = torch.ones(len(labels), dtype=torch.bool) if counted is None else counted
        rankings, counts = {STAGE_1: found.first}, PairCounts(0, 0, 0)
        for stage in self.gallery.stages:
            rankings[STAGE_2], counts = found.second(stage), found.counts(stage, counted)
        nowhere = torch.full((len(missed),), -torch.inf, dtype=torch.float64)
        return Searches(
            {stage: torch.cat([decide(ranking), nowhere]) for stage, ranking in rankings.items()},
            torch.cat([labels.identity[counted], missed.identity]),
            len(missed),
            counts.fallback,
            counts.unfinished,
            torch.cat([labels.picture[counted], missed.picture]),
            {stage: ranking[counted] for stage, ranking in rankings.items()},
            {stage: self._hits(ranking, labels)[counted] for stage, ranking in rankings.items()},
        )


def _first_place(ranking: Ranking) -> Tensor:
    return ranking.scores[:, 0].double()
