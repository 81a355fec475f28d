"""The ways to treat covered patches beside each other, on made faces whose patches tell what covers them."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from fdemd.embedding.covers import CoveredFaces, join_labels
from fdemd.features import Features, join_features
from fdemd.repro.lfw_networks import NETWORKS
from fdemd.repro.trust_part import Part
from fdemd.repro.visible_measure import KINDS, compare_ways, judge_chosen
from fdemd.repro.visible_page import WAYS
from fdemd.retrieval import rerankers
from fdemd.visibility.truth import CoverTruth
from tests.repro.made_part import EACH, PEOPLE, made_data
from tests.visibility.made_features import MeanNet, made_calibration

COUNT = PEOPLE * EACH


@pytest.fixture(autouse=True)
def calibrated(monkeypatch: pytest.MonkeyPatch) -> None:
    """A calibration of the made network, as if it had come with fdemd."""
    monkeypatch.setattr(rerankers, "find_calibration", lambda *asked: made_calibration(MeanNet()))


def faces(seed: int) -> Features:
    """Each person has patches of their own; the embedding is made of noise."""
    generator = torch.Generator().manual_seed(seed)
    person = torch.randn(PEOPLE, 16, 5, generator=torch.Generator().manual_seed(9)).repeat_interleave(EACH, 0)
    patches = person + 0.5 * torch.randn(COUNT, 16, 5, generator=generator)
    return Features(torch.randn(COUNT, 5, generator=generator), patches, (4, 4))


def masked(clean: Features) -> tuple[Features, torch.Tensor]:
    """The lower half of all faces shows the same thing, which is the patches of somebody else."""
    visible = torch.ones(COUNT, 16)
    visible[:, 8:] = 0
    patches = clean.patches.where(visible[..., None] > 0, 3 * clean.patches[:1])
    return Features(clean.embedding, patches, clean.grid), visible


def test_knowing_what_is_covered_helps_masks_and_changes_no_clean_face(monkeypatch: pytest.MonkeyPatch) -> None:
    clean = faces(0)
    covered, visible = masked(faces(1))
    data = made_data({"clean": clean})
    labels = data.gallery()[1]
    truth = CoverTruth(torch.arange(2).repeat_interleave(COUNT), torch.cat([torch.ones(COUNT, 16), visible]))
    features = join_features([clean, covered])
    given = CoveredFaces(features, join_labels([labels, labels]), truth, ["clean"] * COUNT + ["mask"] * COUNT)
    part = Part(NETWORKS[0], None, data)  # type: ignore[arg-type]
    rows = {row["query"]: row for row in compare_ways(part, given)}
    assert set(rows) == {"clean", "mask"}
    assert set(rows["mask"]["figures"]) == {"stage 1", *WAYS}
    found = {way: each["P@1"] for way, each in rows["mask"]["figures"].items()}
    assert found["partial, known"] > found["alike"] > found["stage 1"]
    unharmed = rows["clean"]["figures"]
    assert unharmed["alike"] == unharmed["mass, known"] == unharmed["partial, known"]
    assert rows["mask"]["queries"] == COUNT


def test_the_chosen_way_stands_beside_patches_that_count_alike(tmp_path: Path) -> None:
    clean = faces(0)
    data = made_data(dict.fromkeys(KINDS, faces(1)) | {"clean": clean, "mask": masked(faces(1))[0]})
    part = Part(NETWORKS[0], None, data)  # type: ignore[arg-type]
    nothing = replace(made_calibration(MeanNet()), alphas=torch.zeros(7))
    rows = judge_chosen(part, nothing, None)
    assert [row["query"] for row in rows] == list(KINDS)
    for row in rows:
        figures = row["figures"]
        assert figures["calibrated, alike"] == figures["calibrated, partial"] == figures["stage 1"], "alpha is 0"
        assert figures["best fixed, partial"]["P@1"] >= figures["stage 1"]["P@1"]
        assert set(row["best alpha"]) == {"alike", "partial"}
