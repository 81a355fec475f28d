"""How cosines were normalized, in sentences and as plain values."""

from typing import cast

import pytest

from fdemd.embedding.normalization import FittedNormalization
from fdemd.report.normalization import normalization_facts, normalization_note
from fdemd.score_normalization.normalizer import Normalizer
from fdemd.settings.normalization import ScoreNormalization


def normalization(**settings: object) -> FittedNormalization:
    return FittedNormalization(ScoreNormalization(**settings), cast(Normalizer, None), people=20, photographs=200)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({}, "by the mean of the cosines to the 30 nearest among 200 photographs of 20 other people"),
        ({"method": "snorm"}, "by the mean and deviation of the cosines to"),
        ({"support": "virtual"}, "and 1000 virtual faces (interpolated)"),
    ],
)
def test_the_note_says_what_a_cosine_is_set_against(settings: dict[str, object], sentence: str) -> None:
    note = normalization_note(normalization(**settings))
    assert sentence in note
    assert "Cohort: 20 people who left queries and gallery" in note


def test_facts_are_plain_values() -> None:
    assert normalization_facts(None) is None
    facts = normalization_facts(normalization(rule="cap", tau=0.25))
    assert facts is not None
    assert facts["cohort"] == {"people": 20, "photographs": 200, "left_out": 0}
    assert facts["rule"] == {"rule": "cap", "size": 30, "tau": 0.25, "delta": 0.1, "least": 5, "most": 100}
    assert (facts["method"], facts["estimator_sha256"], facts["mean_absolute_error"]) == ("ida", None, None)
