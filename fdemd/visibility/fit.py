"""Fits an estimator of visibility: two convex problems, solved by L-BFGS from zero, so that no chance plays a part."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from fdemd.features import Features
from fdemd.tensors.checks import check
from fdemd.visibility.conditions import CONDITIONS
from fdemd.visibility.estimator import Layout, VisibilityEstimator, with_condition

CONDITION_PENALTY, PATCH_PENALTY = 3e-4, 1e-5
"""Of half the square of each weight, beside the mean loss of a face and of a patch."""
OTHER_RARER = 3.0
"""How many times rarer the condition `other` counts than it is drawn. What resembles nothing that was drawn passes
for it, whose covers resemble each other least; most often it is a mask, or glasses, of an unknown kind."""
_STEPS = 60
_AT_ONCE = 512
"""Faces whose inputs are made together."""


def fit_estimator(
    features: Features,
    condition: Tensor,
    visible: Tensor,
    *,
    condition_penalty: float = CONDITION_PENALTY,
    patch_penalty: float = PATCH_PENALTY,
    steps: int = _STEPS,
) -> VisibilityEstimator:
    """Fit an estimator on faces whose covers are known.

    Args:
        features: Features of ``B`` faces, clean and covered ones.
        condition: ``(B,)`` what happened to each, a place in :data:`fdemd.visibility.conditions.CONDITIONS`.
        visible: ``(B, N)`` in [0, 1], share of each patch that shows the face.
        condition_penalty: Penalty of half the squared weights of the condition's probe.
        patch_penalty: Likewise of the patches' probe.
        steps: Largest number of steps of L-BFGS.

    Raises:
        InputError: The features are not finite.
        ValueError: The shapes do not belong together.
    """
    check(
        {
            "patches": (features.patches, "float B N C"),
            "condition": (condition, "whole B"),
            "visible": (visible, "finite B N"),
        }
    )
    with torch.inference_mode(False), torch.enable_grad():
        condition, visible = condition.clone(), visible.clone()  # such as a gradient may go through
        estimator = VisibilityEstimator(Layout.of(features))
        estimator.measure_lengths(features)
        faces, patches = _inputs(estimator, features)
        _fit_condition(estimator, faces, condition, condition_penalty, steps)
        with torch.no_grad():
            patches = with_condition(patches, estimator.condition(faces).softmax(1))
        _fit_patches(estimator, patches, visible.float(), patch_penalty, steps)
        estimator.round_weights()
    return estimator.eval().requires_grad_(False)


def fit_condition(features: Features, condition: Tensor) -> VisibilityEstimator:
    """Fit what tells the condition alone; the estimator knows nothing of single patches.

    Args:
        features: As for :func:`fit_estimator`.
        condition: Likewise.
    """
    with torch.inference_mode(False), torch.enable_grad():
        estimator = VisibilityEstimator(Layout.of(features))
        estimator.measure_lengths(features)
        faces, _ = _inputs(estimator, features)
        _fit_condition(estimator, faces, condition.clone(), CONDITION_PENALTY, _STEPS)
        estimator.round_weights()
    return estimator.eval().requires_grad_(False)


def _fit_condition(
    estimator: VisibilityEstimator, faces: Tensor, condition: Tensor, penalty: float, steps: int
) -> None:
    def loss() -> Tensor:
        found = cross_entropy(estimator.condition(faces), condition)
        return found + penalty / 2 * estimator.condition.weight.square().sum()

    _minimise(list(estimator.condition.parameters()), loss, steps)
    with torch.no_grad():
        estimator.condition.bias[CONDITIONS.index("other")] -= math.log(OTHER_RARER)


def _fit_patches(estimator: VisibilityEstimator, patches: Tensor, visible: Tensor, penalty: float, steps: int) -> None:
    """Fit the probes of all places at once: they have nothing in common, and their losses are added up."""
    by_place, truth = patches.transpose(0, 1).contiguous(), visible.T
    weights, bias = estimator.patch_weight, estimator.patch_bias

    def loss() -> Tensor:
        logits = torch.bmm(by_place, weights[:, :, None])[:, :, 0] + bias[:, None]
        losses = binary_cross_entropy_with_logits(logits, truth, reduction="none")
        return losses.mean(1).sum() + penalty / 2 * weights.square().sum()

    _minimise([weights, bias], loss, steps)


def _inputs(estimator: VisibilityEstimator, features: Features) -> tuple[Tensor, Tensor]:
    """What the probes are linear in, of all faces."""
    faces, patches = (part.new_empty(len(features), *part.shape[1:]) for part in estimator.inputs(features[:1]))
    for first in range(0, len(features), _AT_ONCE):  # written where they stay: joined in the end they would lie twice
        some = slice(first, first + _AT_ONCE)
        faces[some], patches[some] = estimator.inputs(features[some])
    return faces, patches


def _minimise(parameters: list[Tensor], loss: Callable[[], Tensor], steps: int) -> None:
    """Minimise a smooth convex function of some parameters, from where they are."""
    optimizer = torch.optim.LBFGS(
        parameters, max_iter=steps, tolerance_grad=1e-6, tolerance_change=1e-9, line_search_fn="strong_wolfe"
    )

    def closure() -> float:
        optimizer.zero_grad()
        value = loss()
        value.backward()
        return float(value.detach())

    optimizer.step(closure)
