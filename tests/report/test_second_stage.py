from dataclasses import replace

import pytest

from fdemd.report.second_stage import calibration_notes, second_stage_note
from fdemd.settings.ranking import EmdRerank
from tests.visibility.made_features import MeanNet, made_calibration

EMD = {"method": "emd", "alpha": 0.7, "k": 100, "weighting": "apc", "eps": 0.05, "stop": "converged"}
EMD |= {"tolerance": 3e-4, "patches": "raw", "grid": None, "engine": "auto"}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "weighting apc, 8x8 patches in float16, alpha 0.7, k 20, eps 0.05, stop converged to 0.0003."),
        ({"stop": "official"}, "stop official."),
        ({"patches": "projected"}, "projected 8x8 patches"),
        ({"visible": "partial"}, "converged to 0.0003, visible partial."),
    ],
)
def test_what_decided_the_similarity_is_said(changes: dict[str, object], said: str) -> None:
    rerank = EmdRerank(**EMD | changes)
    assert said in second_stage_note(rerank, k=20, grid=(8, 8), dtype="float16")


def test_an_engine_is_named_where_one_is_given() -> None:
    note = second_stage_note(EmdRerank(**EMD), k=20, grid=(8, 8), dtype="float32", engine="cpu")
    assert note.endswith("stop converged to 0.0003, engine cpu.")


def test_what_alphas_were_calibrated_on_is_said_and_that_another_gallery_may_be_harder() -> None:
    facts = {"data": "orl", "data_sha256": "ab", "photographs": 1400, "people": 40}
    calibration = replace(made_calibration(MeanNet()), facts=facts)
    told = "alpha calibrated on orl, 1,400 photographs of 40 people."
    assert calibration_notes(calibration, "ab") == [told]
    (note,) = calibration_notes(calibration, "cd")
    assert note.startswith(told) and "may do harm" in note and "fdemd calibrate" in note
    assert calibration_notes(None, "ab") == []
    assert calibration_notes(replace(calibration, facts={}), "ab") == [], "made in Python, without saying on what"
