"""Calibrates a network on photographs of people: the alpha of each condition, and an estimator that tells them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from fdemd.backbones.backbone import Backbone
from fdemd.embedding.covers import CoveredFaces
from fdemd.metrics.separation import area_under_roc
from fdemd.scoring.covered_search import CoveredSearch
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
    return Fitted(_fit(faces), said_by_others(faces, seed))


def said_by_others(faces: CoveredFaces, seed: int) -> Visibility:
    """Return what is said of each face by an estimator that was fitted on the other half of the people.

    Args:
        faces: As for :func:`fit_by_people`.
        seed: Likewise.
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
    return Visibility(visible, condition)


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
    return EstimatorFigures(patch_auc(said.visible, faces.truth.visible), confusion)


def patch_auc(said: Tensor, visible: Tensor) -> float:
    """Return the probability that a covered patch looks less visible than another, NaN if none is covered, or all are.

    Args:
        said: ``(B, N)`` how visible each patch looks.
        visible: ``(B, N)`` share of it that shows the face; below a half it counts as covered.
    """
    return area_under_roc((1 - said).flatten(), (visible < _COVERED).flatten())


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


def calibrate_searched(
    searched: CoveredSearch,
    rerank: Reranking,
    *,
    backbone: Backbone,
    name: str,
    estimator: VisibilityEstimator | None = None,
    seed: int = 0,
    facts: Mapping[str, Any] | None = None,
) -> Calibrated:
    """Find the alphas by what the photographs find in the gallery and, if need be, fit the estimator.

    Alphas and guard go by what estimators say of people that they were not fitted on.

    Args:
        searched: Photographs of the gallery, clean and with drawn covers, and what they find.
        rerank: Settings of the second stage that compared them; its alpha plays no part.
        backbone: The network.
        name: Name of the network, for people.
        estimator: One of this network that was fitted on other people; None fits one on these photographs.
        seed: Seed of the halves of people.
        facts: What the calibration's file tells of where it comes from.
    """
    faces, asked = searched.faces, searched.asked
    fitted = fit_by_people(faces, seed) if estimator is None else Fitted(estimator, estimator(faces.features))
    condition, probability = faces.truth.condition[asked], fitted.unseen.condition[asked]
    alphas = calibrate_alphas(searched.measure, condition, probability)
    figures = judge_estimator(faces, fitted.unseen)
    network = {"name": name, "weights_sha256": weights_of(backbone), "template": backbone.alignment}
    told = {"patch_auc": round(figures.patch_auc, 4), "called_right": figures.right, **(facts or {})}
    calibration = Calibration(fitted.estimator, alphas, network, rerank.compared_by, told)
    before = searched.measure(torch.zeros(len(asked)))
    after = searched.measure(expected_alpha(probability, alphas))
    gains: dict[str, dict[str, float]] = {
        each: {
            figure: round(100 * float((after[figure] - before[figure])[condition == place].double().mean()), 2)
            for figure in FIGURES
        }
        for place, each in enumerate(CONDITIONS)
        if (condition == place).any()
    }
    return Calibrated(calibration, figures, gains)
