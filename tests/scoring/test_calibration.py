"""A calibration on made faces: what the second stage gains is used, and clean faces are kept from harm."""

import pytest
import torch

from fdemd.embedding.covers import CoveredFaces
from fdemd.features import Features
from fdemd.retrieval.protocol import Labels
from fdemd.scoring.calibration import calibrate_searched, fit_by_people, judge_estimator, patch_auc
from fdemd.scoring.covered_search import search_covered
from fdemd.settings.ranking import EmdRerank
from fdemd.visibility.conditions import CONDITIONS
from tests.visibility.made_features import MeanNet, planted

PEOPLE, EACH = 40, 3


def faces(harmful: bool) -> tuple[CoveredFaces, Features, Labels]:
    """Clean faces that are in the gallery, and the same with their lower half covered.

    The embedding of a covered face tells nothing, and its upper patches still tell the person. If the second stage is
    ``harmful`` to clean faces, their patches tell nothing, as with a strong network whose patches are weak.
    """
    generator = torch.Generator().manual_seed(0)
    person = torch.arange(PEOPLE).repeat_interleave(EACH)
    count = len(person)

    def about(people: torch.Tensor, noise: float) -> torch.Tensor:
        return people[person] + noise * torch.randn(people[person].shape, generator=generator)

    embedding = about(torch.randn(PEOPLE, 8, generator=generator), 0.3)
    patches = about(torch.randn(PEOPLE, 16, 5, generator=generator), 3.0 if harmful else 0.3)
    gallery = Features(embedding, patches, (4, 4))
    covered = patches.clone()
    covered[:, 8:] = torch.tensor([9.0, -9, 9, 0, 0]) + torch.randn(count, 8, 5, generator=generator)
    lost = torch.randn(count, 8, generator=generator)
    _, truth = planted(2 * count)
    truth.condition[:count], truth.condition[count:] = 0, CONDITIONS.index("below")
    truth.visible[:], truth.visible[count:, 8:] = 1, 0
    clean = Labels(person, torch.arange(count), torch.arange(count))
    labels = Labels(person.repeat(2), torch.arange(count).repeat(2), torch.cat([clean.picture, -1 - clean.picture]))
    features = Features(torch.cat([embedding, lost]), torch.cat([patches, covered]), (4, 4))
    return CoveredFaces(features, labels, truth, ["clean"] * count + ["mask"] * count), gallery, clean


@pytest.mark.parametrize("harmful", [False, True])
def test_the_second_stage_is_trusted_where_it_helps(harmful: bool) -> None:
    made, gallery, labels = faces(harmful)
    rerank, net = EmdRerank(weighting="uniform"), MeanNet()
    searched = search_covered(made, gallery, labels, rerank, backbone=net)
    found = calibrate_searched(searched, rerank, backbone=net, name="made")
    assert found.gains["clean"]["P@1"] >= -0.05
    assert found.gains["clean"]["RP"] >= -0.05
    assert found.estimator.right["clean"] > 0.95
    alphas = found.calibration.by_condition
    assert alphas["cut"] == 0, "it does not occur"
    if not harmful:
        assert alphas["below"] > 0.5
        assert found.gains["below"]["P@1"] > 15
    assert "clean" in found.summary()


def test_an_estimator_that_was_fitted_on_others_is_taken_as_it_is() -> None:
    made, gallery, labels = faces(harmful=False)
    rerank, net = EmdRerank(weighting="uniform"), MeanNet()
    searched = search_covered(made, gallery, labels, rerank, backbone=net)
    others = fit_by_people(faces(harmful=True)[0], seed=1).estimator
    found = calibrate_searched(searched, rerank, backbone=net, name="made", estimator=others)
    assert found.calibration.estimator is others
    assert torch.equal(found.estimator.confusion, judge_estimator(made, others(made.features)).confusion)


def test_estimators_are_judged_on_people_that_they_did_not_see() -> None:
    made, _, _ = faces(harmful=False)
    fitted = fit_by_people(made, seed=0)
    figures = judge_estimator(made, fitted.unseen)
    assert figures.patch_auc > 0.97
    assert int(figures.confusion.sum()) == len(made)
    assert not torch.equal(fitted.unseen.condition, fitted.estimator(made.features).condition)


def test_where_nothing_is_covered_there_is_nothing_to_tell() -> None:
    said = torch.tensor([[0.1, 0.9], [0.2, 0.8]])
    assert patch_auc(said, torch.tensor([[0.0, 1.0], [0.4, 0.6]])) == 1
    assert torch.tensor(patch_auc(said, torch.ones(2, 2))).isnan()
