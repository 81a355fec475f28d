"""Calibrates a network on photographs of people: an estimator of visibility, and the alpha of each condition."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from fdemd.backbones.backbone import Backbone
from fdemd.embedding.covers import CoveredFaces
from fdemd.errors import InputError
from fdemd.features import Features
from fdemd.metrics.identification import IDENTIFICATION
from fdemd.metrics.separation import area_under_roc
from fdemd.retrieval.protocol import LEAVE_TWIN_OUT, Labels
from fdemd.retrieval.ranking import Ranking
from fdemd.retrieval.reranker import Progress, no_progress
from fdemd.retrieval.rerankers import build_reranker
from fdemd.retrieval.second_stage import SecondStage
from fdemd.retrieval.stage2 import reorder
from fdemd.retrieval.two_stages import TwoStageSearch
from fdemd.scoring.ground_truth import GroundTruth
from fdemd.settings.ranking import Reranking
from fdemd.visibility.calibration import Calibration, weights_of
from fdemd.visibility.conditions import CONDITIONS
from fdemd.visibility.estimator import Visibility, VisibilityEstimator
from fdemd.visibility.fit import fit_estimator
from fdemd.visibility.trust import FIGURES, calibrate_alphas, expected_alpha

_COVERED = 0.5
"""Share of a patch from which it counts as covered, where the estimator is judged."""
_FOLDS = 2


@dataclass(frozen=True)
class Fitted:
    """An estimator, and what others that never saw a person say of that person's faces.

    Attributes:
        estimator: Fitted on all faces.
        unseen: Of each of the ``B`` faces, by an estimator fitted on other people.
    """

    estimator: VisibilityEstimator
    unseen: Visibility


def fit_by_people(faces: CoveredFaces, seed: int) -> Fitted:
    """Fit an estimator on all faces, and two on half of the people each, to know how well it does on others.

    Args:
        faces: Clean and covered faces of two people or more.
        seed: Seed of the draw of the halves.
    """
    people, person = faces.labels.identity.unique(return_inverse=True)
    order = torch.randperm(len(people), generator=torch.Generator().manual_seed(seed))
    fold = (order.argsort() % _FOLDS)[person]
    visible = torch.zeros_like(faces.truth.visible)
    condition = torch.zeros(len(faces), len(CONDITIONS))
    for number in range(_FOLDS):
        (inside,), (outside,) = (fold == number).nonzero(as_tuple=True), (fold != number).nonzero(as_tuple=True)
        found = _fit(faces[outside])(faces.features[inside])
        visible[inside], condition[inside] = found.visible, found.condition
    return Fitted(_fit(faces), Visibility(visible, condition))


def _fit(faces: CoveredFaces) -> VisibilityEstimator:
    return fit_estimator(faces.features, faces.truth.condition, faces.truth.visible)


@dataclass(frozen=True)
class EstimatorFigures:
    """How good an estimator is on faces of people that it never saw.

    Attributes:
        patch_auc: Probability that a covered patch looks less visible than a visible one.
        confusion: ``(K, K)`` number of faces of each condition (rows) that are called each (columns).
    """

    patch_auc: float
    confusion: Tensor

    @property
    def right(self) -> dict[str, float]:
        """Condition -> share of its faces that are called so; those that do not occur are left out."""
        counts = self.confusion.sum(1)
        return {
            name: round(float(self.confusion[place, place] / counts[place]), 4)
            for place, name in enumerate(CONDITIONS)
            if counts[place]
        }


def judge_estimator(faces: CoveredFaces, said: Visibility) -> EstimatorFigures:
    """Compare what an estimator says of faces with the truth.

    Args:
        faces: The faces.
        said: What it says of them.
    """
    called, places = said.condition.argmax(1), len(CONDITIONS)
    confusion = (faces.truth.condition * places + called).bincount(minlength=places**2).reshape(places, places)
    covered = faces.truth.visible < _COVERED
    return EstimatorFigures(area_under_roc((1 - said.visible).flatten(), covered.flatten()), confusion)


class Shortlists:
    """What some queries find, leave-twin-out, at any alpha: the similarities are computed once."""

    def __init__(
        self,
        gallery: Features,
        gallery_labels: Labels,
        faces: CoveredFaces,
        rerank: Reranking,
        *,
        backbone: Backbone,
        on_progress: Progress = no_progress,
    ) -> None:
        """Search the gallery.

        Args:
            gallery: Features of the gallery.
            gallery_labels: Who is in it.
            faces: The queries, each with another photograph of its person in the gallery.
            rerank: Settings of the second stage.
            backbone: The network.
            on_progress: To be told the number of pairs just computed.

        Raises:
            InputError: The re-ranker cannot compare the faces.
        """
        stage = SecondStage(build_reranker(rerank), 0.0, rerank.k)
        search = TwoStageSearch(gallery, gallery_labels, [stage], backbone=backbone, on_progress=on_progress)
        metrics = {name: IDENTIFICATION[name] for name in FIGURES}
        self._truth = GroundTruth(faces.labels, faces.labels[:0], gallery_labels, LEAVE_TWIN_OUT, metrics=metrics)
        found = search.queries(faces.features, faces.labels).rank(LEAVE_TWIN_OUT, int(self._truth.relevant.max()))
        self._first: Ranking = found.first
        self._similarity = found.similarity(stage).values[:, : rerank.k]

    def measure(self, alphas: Tensor) -> Mapping[str, Tensor]:
        """Return P@1 and RP of each query, ``(Q,)``.

        Args:
            alphas: ``(Q,)``.
        """
        return self._truth.values(self._truth.hits(reorder(self._first, self._similarity, alphas)))


def answerable(faces: CoveredFaces, gallery: Labels) -> Tensor:
    """Return the numbers of the faces with another photograph of their person in the gallery.

    Args:
        faces: Faces.
        gallery: Who is in the gallery.
    """
    truth = GroundTruth(faces.labels, faces.labels[:0], gallery, LEAVE_TWIN_OUT)
    return (truth.relevant > 0).nonzero()[:, 0]


@dataclass(frozen=True)
class Calibrated:
    """A calibration, and how good it is on the faces that it was made from.

    Attributes:
        calibration: The calibration.
        estimator: Figures of estimators that did not see the people that they were asked about.
        gains: Condition -> gain of calibrated alphas over the first stage in P@1 and RP, in percent.
    """

    calibration: Calibration
    estimator: EstimatorFigures
    gains: Mapping[str, Mapping[str, float]]

    def summary(self) -> str:
        """What is worth saying, in a few lines."""
        right = ", ".join(f"{name} {100 * share:.1f}" for name, share in self.estimator.right.items())
        gained = ", ".join(f"{name} {found['P@1']:+.1f}" for name, found in self.gains.items())
        return "\n".join(
            [
                f"Conditions called right, in percent, people not fitted on: {right}",
                f"AUC per patch: {self.estimator.patch_auc:.4f}",
                f"alpha of each condition: {self.calibration.in_words}",
                f"P@1 gained on these photographs, in points: {gained}",
            ]
        )


def calibrate_faces(
    faces: CoveredFaces,
    gallery: Features,
    gallery_labels: Labels,
    rerank: Reranking,
    *,
    backbone: Backbone,
    name: str,
    seed: int = 0,
    facts: Mapping[str, Any] | None = None,
    on_progress: Progress = no_progress,
) -> Calibrated:
    """Fit the estimator, and find the alphas by searching the gallery for its own photographs, leave-twin-out.

    Alphas and guard go by what estimators say of people that they were not fitted on.

    Args:
        faces: Photographs of the gallery, clean and with drawn covers.
        gallery: Features of the gallery.
        gallery_labels: Who is in it.
        rerank: Settings of the second stage; its alpha plays no part.
        backbone: The network.
        name: Name of the network, for people.
        seed: Seed of the halves of people.
        facts: What the calibration's file tells of where it comes from.
        on_progress: To be told the number of pairs just compared.

    Raises:
        InputError: Nobody has two photographs in the gallery, or the re-ranker cannot compare the faces.
    """
    asked = answerable(faces, gallery_labels)
    if not len(asked):
        raise InputError(
            "Nobody in the gallery has two photographs, so that no query can be answered; give some who have."
        )
    fitted = fit_by_people(faces, seed)
    shortlists = Shortlists(gallery, gallery_labels, faces[asked], rerank, backbone=backbone, on_progress=on_progress)
    condition, probability = faces.truth.condition[asked], fitted.unseen.condition[asked]
    alphas = calibrate_alphas(shortlists.measure, condition, probability)
    figures = judge_estimator(faces, fitted.unseen)
    network = {"name": name, "weights_sha256": weights_of(backbone), "template": backbone.alignment}
    told = {"patch_auc": round(figures.patch_auc, 4), "called_right": figures.right, **(facts or {})}
    calibration = Calibration(fitted.estimator, alphas, network, rerank.compared_by, told)
    before = shortlists.measure(torch.zeros(len(asked)))
    after = shortlists.measure(expected_alpha(probability, alphas))
    gains: dict[str, dict[str, float]] = {
        each: {
            figure: round(100 * float((after[figure] - before[figure])[condition == place].double().mean()), 2)
            for figure in FIGURES
        }
        for place, each in enumerate(CONDITIONS)
        if (condition == place).any()
    }
    return Calibrated(calibration, figures, gains)
