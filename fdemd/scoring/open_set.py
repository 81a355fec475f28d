"""Searches for people inside and outside a gallery, in both stages, on given features. No network, no file."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from fdemd.features import Features
from fdemd.metrics.open_set import mated_scores, threshold_at_fpir
from fdemd.retrieval.pair_similarity import PairSimilarity
from fdemd.retrieval.protocol import OFFICIAL, Labels, count_relevant, measured_protocols
from fdemd.retrieval.ranking import NOBODY, Ranking
from fdemd.retrieval.settings import RerankSettings
from fdemd.retrieval.stage1 import rank_by_cosine
from fdemd.retrieval.stage2 import rerank
from fdemd.scoring.closed_set import STAGE_1, STAGE_2
from fdemd.scoring.error_rates import ErrorRates, measure_error_rates

RATES = (1e-1, 1e-2, 1e-3)
"""FPIRs that thresholds are set at."""


@dataclass(frozen=True)
class Searches:
    """The mated or the non-mated searches of one kind, those whose face was not found last.

    Attributes:
        scores: stage -> the score ``(S,)`` float64 that decides each search; minus infinity where it has none.
        identity: ``(S,)`` the person searched for.
        missed: searches whose face was not found.
        fallbacks: pairs of stage 2 weighted uniformly because no patch had a positive weight.
        unfinished: pairs of stage 2 that did not meet the stopping rule within its rounds.
        picture: ``(S,)`` the pictures, see :class:`fdemd.retrieval.protocol.Labels`.
        rankings: stage -> the gallery as it was ranked for the searches with a face.
        hits: stage -> boolean, of that ranking's form: whether the face at each place is of the person.
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
        kind: of query.
        protocol: what was really measured, ``leave-one-out`` for mated searches that are themselves in the gallery.
        mated: searches for people in the gallery.
        nonmated: searches for people outside; the same under every protocol.
        lone: searches for people inside without another photograph of them in the gallery; in no figure.
        errors: stage -> error rates, at the thresholds of :func:`thresholds_of`.
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
        kind: kind of query.
        protocol: what was really measured.
        mated: searches for people in the gallery.
        nonmated: searches for people outside.
        lone: searches that are in no figure.
        thresholds: stage -> threshold at each of :data:`RATES`.
        seed: seed of the bootstrap.
    """
    errors = {
        stage: measure_error_rates(
            mated.scores[stage], mated.identity, nonmated.scores[stage], nonmated.identity, of_stage, seed
        )
        for stage, of_stage in thresholds.items()
    }
    return OpenSet(kind, protocol, mated, nonmated, lone, errors)


def thresholds_of(clean: Searches) -> dict[str, list[float | None]]:
    """Stage -> threshold at each of :data:`RATES` of these non-mated searches; None where they are too few."""
    return {stage: [threshold_at_fpir(scores, rate) for rate in RATES] for stage, scores in clean.scores.items()}


@dataclass(frozen=True)
class OpenGallery:
    """A gallery, and how it is searched.

    Attributes:
        features: of its ``G`` faces, with the kind of patches that the settings ask for.
        labels: where they come from.
        settings: of the second stage; None leaves it out.
        rank: R, at most the settings' k: a known person must be among the first R places.
        on_progress: told the number of pairs just re-ranked.
    """

    features: Features
    labels: Labels
    settings: RerankSettings | None
    rank: int
    on_progress: Callable[[int], None] = lambda pairs: None

    def nonmated(self, query: Features, labels: Labels, missed: Labels) -> Searches:
        """Search for people outside the gallery; the first place's score decides.

        Args:
            query: features of the ``Q`` faces that were found.
            labels: where they come from; no protocol bars any of them from any gallery face.
            missed: where the searches come from whose face was not found.
        """
        return self._searches(query, labels, missed, OFFICIAL, self._similarity(query), _first_place)

    def mated(
        self, query: Features, labels: Labels, missed: Labels, protocols: Sequence[str]
    ) -> dict[str, tuple[Searches, int]]:
        """Search for people inside the gallery; the best score of the person's faces in the first R places decides.

        The arguments are those of :meth:`nonmated`, with the protocols asked for.

        Returns:
            Measured protocol -> the mated searches, and the number of lone ones.
        """
        measured = measured_protocols(protocols, labels, self.labels)
        relevant = {protocol: self._relevant(labels, protocol) for protocol in measured}
        searched = torch.stack(list(relevant.values())).any(0).nonzero()[:, 0]
        query, labels = query[searched], labels[searched]
        similarity = self._similarity(query)
        found = {}
        for protocol in measured:
            counted, counted_missed = relevant[protocol][searched], self._relevant(missed, protocol)

            def decide(ranking: Ranking, counted: Tensor = counted) -> Tensor:
                hits = ranking.hits(labels.identity, self.labels.identity)
                return mated_scores(hits, ranking.scores, self.rank)[counted]

            lone = int((~relevant[protocol]).sum() + (~counted_missed).sum())
            mated = self._searches(query, labels, missed[counted_missed], protocol, similarity, decide, counted)
            found[protocol] = mated, lone
        return found

    def _relevant(self, labels: Labels, protocol: str) -> Tensor:
        return count_relevant(labels, self.labels, protocol) > 0

    def _similarity(self, query: Features) -> PairSimilarity | None:
        return PairSimilarity(query, self.features, self.settings, self.on_progress) if self.settings else None

    def _searches(
        self,
        query: Features,
        labels: Labels,
        missed: Labels,
        protocol: str,
        similarity: PairSimilarity | None,
        decide: Callable[[Ranking], Tensor],
        counted: Tensor | None = None,
    ) -> Searches:
        """Rank, re-rank, and take what decides each search; ``counted (Q,)`` are those that are kept, None all."""
        counted = torch.ones(len(labels), dtype=torch.bool) if counted is None else counted
        depth = max(self.rank, self.settings.k if self.settings else 0)
        embeddings = query.embedding, self.features.embedding
        first = rank_by_cosine(*embeddings, labels, self.labels, protocol=protocol, depth=depth)
        rankings, fallbacks, unfinished = {STAGE_1: first}, 0, 0
        if self.settings and similarity:
            shortlist = first.indices[:, : self.settings.k]
            pairs, present = similarity(shortlist), (shortlist != NOBODY) & counted[:, None]
            rankings[STAGE_2] = rerank(first, pairs.similarity, self.settings.alpha)
            fallbacks, unfinished = int((pairs.fallback & present).sum()), int((pairs.unfinished & present).sum())
        nowhere = torch.full((len(missed),), -torch.inf, dtype=torch.float64)
        hits = {stage: each.hits(labels.identity, self.labels.identity)[counted] for stage, each in rankings.items()}
        return Searches(
            {stage: torch.cat([decide(ranking), nowhere]) for stage, ranking in rankings.items()},
            torch.cat([labels.identity[counted], missed.identity]),
            len(missed),
            fallbacks,
            unfinished,
            torch.cat([labels.picture[counted], missed.picture]),
            {stage: ranking[counted] for stage, ranking in rankings.items()},
            hits,
        )


def _first_place(ranking: Ranking) -> Tensor:
    return ranking.scores[:, 0].double()
