"""A gallery with copies stands beside the same without, and beside an oracle that knows every condition."""

from dataclasses import replace
from pathlib import Path

import torch
from torch.nn.functional import one_hot

from fdemd.features import Features
from fdemd.repro.trust_copies import COPIED, copies_words, measure_copies
from fdemd.retrieval.copies import Copies, enrolled
from fdemd.visibility.conditions import CONDITIONS
from fdemd.visibility.estimator import Layout, Visibility, VisibilityEstimator
from tests.repro.made_part import EACH, PEOPLE, made_data
from tests.visibility.made_features import MeanNet, made_calibration


def features(embedding: torch.Tensor) -> Features:
    return Features(embedding, torch.ones(len(embedding), 16, 5) + 0.01 * embedding[:, None, :5], (4, 4))


def told(place: int, query: Features) -> Visibility:
    condition = one_hot(torch.full((len(query),), place), len(CONDITIONS)).float()
    return Visibility(torch.ones(len(query), 16), condition)


def test_copies_help_those_whom_the_estimator_sends_to_them() -> None:
    generator = torch.Generator().manual_seed(0)
    person = torch.randn(PEOPLE, 8, generator=generator).repeat_interleave(EACH, 0)
    clean = features(person + 0.1 * torch.randn(person.shape, generator=generator))
    masked = features(person.roll(4, 1) + 0.1 * torch.randn(person.shape, generator=generator))
    copy = enrolled(clean, features(3 * person.roll(4, 1)))
    kinds = dict.fromkeys(COPIED, clean) | {"mask": masked}
    data = made_data(kinds)
    estimator = VisibilityEstimator(Layout.of(clean)).eval()
    calibration = replace(made_calibration(MeanNet(), [0.0] * len(CONDITIONS)), estimator=estimator)
    for place, helps in ((CONDITIONS.index("below"), True), (CONDITIONS.index("clean"), False)):
        copies = Copies({"below": copy, "above": clean, "cut": clean}, lambda query, place=place: told(place, query))
        rows = measure_copies(replace(data, copies=copies), calibration, None)
        assert [row["query"] for row in rows] == list(COPIED)
        masks = {way: found["P@1"] for way, found in rows[1]["figures"].items()}
        assert masks["stage 1"] < 50
        assert masks["copies, oracle"] > 90
        assert masks["copies, stage 1"] == masks["copies, oracle" if helps else "stage 1"]
        assert masks["copies, calibrated"] == masks["copies, stage 1"], "alpha is 0"
        others = rows[2]["figures"]
        assert others["stage 1"] == others["copies, oracle"], "copies that are like the faces change nothing"


def test_masks_and_glasses_are_of_kinds_that_no_copy_has() -> None:
    words = copies_words(Path("one.safetensors"))
    assert words == [
        "copies=[mask,sunglass,crop]",
        "rerank.calibration=one.safetensors",
        "query.mask.kinds=[cloth]",
        "query.sunglass.styles=[sport]",
    ]
