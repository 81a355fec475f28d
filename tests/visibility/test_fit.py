"""The fit finds what is planted, the same every time, and what scikit-learn finds."""

import math

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression

from fdemd.metrics.separation import area_under_roc
from fdemd.visibility import fit
from fdemd.visibility.conditions import CONDITIONS
from fdemd.visibility.estimator import with_condition
from fdemd.visibility.fit import fit_condition, fit_estimator
from tests.visibility.made_features import planted


def test_planted_covers_are_found_on_other_faces() -> None:
    features, truth = planted()
    estimator = fit_estimator(features, truth.condition, truth.visible)
    others, wanted = planted(seed=1)
    found = estimator(others)
    assert (found.condition.argmax(1) == wanted.condition).float().mean() > 0.97
    assert area_under_roc(found.visible.flatten(), wanted.visible.flatten() > 0.5) > 0.97


def test_the_same_faces_give_the_same_estimator() -> None:
    features, truth = planted(90)
    one, again = (fit_estimator(features, truth.condition, truth.visible) for _ in range(2))
    for name, weights in one.state_dict().items():
        assert torch.equal(weights, again.state_dict()[name]), name


def test_the_condition_can_be_fitted_alone() -> None:
    features, truth = planted(150)
    whole, alone = fit_estimator(features, truth.condition, truth.visible), fit_condition(features, truth.condition)
    assert torch.equal(alone(features).condition, whole(features).condition)
    assert (alone(features).visible == 0.5).all()


def test_it_can_be_fitted_where_no_gradient_is_wanted() -> None:
    with torch.inference_mode():
        features, truth = planted(60)
        estimator = fit_estimator(features, truth.condition, truth.visible)
    assert not any(weights.requires_grad for weights in estimator.parameters())


def test_both_probes_are_logistic_regressions() -> None:
    features, truth = planted(300)
    penalty = 1e-2
    estimator = fit_estimator(
        features, truth.condition, truth.visible, condition_penalty=penalty, patch_penalty=penalty, steps=500
    )
    inputs, patches = estimator.inputs(features)
    faces, patches = inputs.numpy(), with_condition(patches, estimator(features).condition).numpy()
    # scikit-learn: C * sum of losses + half the squared weights.
    common = {"C": 1 / (penalty * len(faces)), "tol": 1e-8, "max_iter": 5000}
    theirs = LogisticRegression(**common).fit(faces, truth.condition.numpy())
    ours = estimator(features).condition[:, :3].numpy()  # the other conditions do not occur
    np.testing.assert_allclose(ours / ours.sum(1, keepdims=True), theirs.predict_proba(faces), atol=0.02)
    place = 9
    theirs = LogisticRegression(**common).fit(patches[:, place], truth.visible[:, place].numpy() > 0.5)
    ours = estimator(features).visible[:, place].numpy()
    np.testing.assert_allclose(ours, theirs.predict_proba(patches[:, place])[:, 1], atol=5e-3)


def test_covers_of_another_kind_count_as_rarer_than_they_are_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    features, truth = planted(300)
    other = CONDITIONS.index("other")
    condition = truth.condition.where(truth.condition != CONDITIONS.index("above"), other)
    rarer = fit_condition(features, condition)(features).condition.log()
    monkeypatch.setattr(fit, "OTHER_RARER", 1.0)
    drawn = fit_condition(features, condition)(features).condition.log()
    shift = (rarer - drawn) - (rarer - drawn)[:, :1]
    torch.testing.assert_close(shift[:, :other], torch.zeros(300, other), atol=1e-3, rtol=0)
    torch.testing.assert_close(shift[:, other], torch.full((300,), -math.log(3)), atol=1e-2, rtol=0)
