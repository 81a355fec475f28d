"""What an estimator sees of a face, and which threshold that gives."""

from collections.abc import Mapping

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from fdemd.backbones import Backbone
from fdemd.embedding.embed import embed
from fdemd.features import Features
from fdemd.gallery.covering import SURE, conditions_of, covered, worn_by
from fdemd.gallery.occlusions import KINDS
from fdemd.visibility.conditions import CONDITIONS, Condition
from fdemd.visibility.store import shipped_estimator


@st.composite
def conditions(draw: st.DrawFn) -> dict[Condition, float]:
    weights = draw(st.lists(st.floats(0, 1), min_size=len(CONDITIONS), max_size=len(CONDITIONS)))
    total = sum(weights) or 1.0
    return {condition: weight / total for condition, weight in zip(CONDITIONS, weights, strict=True)}


@given(conditions())
def test_a_face_is_clean_unless_a_cover_is_likelier_than_all_else(found: Mapping[Condition, float]) -> None:
    likely = [condition for condition, share in found.items() if share > SURE]
    kind = {"below": "mask", "above": "sunglass", "cut": "crop"}.get(likely[0], "clean") if likely else "clean"
    assert worn_by(found) == kind
    assert kind in KINDS
    assert 0 <= covered(found) <= 1 + 1e-9


def test_without_an_estimator_nothing_is_seen() -> None:
    features = Features(torch.ones(2, 3), torch.ones(2, 4, 2), (2, 2))
    assert conditions_of(None, features) == [{}, {}]
    assert (worn_by({}), covered({})) == ("clean", 0)


def test_the_estimator_of_a_network_that_fdemd_has_one_for(dlib_net: Backbone) -> None:
    raw = embed(dlib_net, np.zeros((2, 150, 150, 3), np.uint8))
    estimator = shipped_estimator(dlib_net, raw)
    assert estimator is not None
    for found in conditions_of(estimator, raw):
        assert tuple(found) == CONDITIONS
        assert sum(found.values()) == pytest.approx(1, abs=1e-5)
    assert shipped_estimator(dlib_net, Features(raw.embedding, raw.patches[:, :16], (4, 4))) is None
