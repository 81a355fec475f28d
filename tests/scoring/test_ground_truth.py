"""Which answers are right, and the figures of rankings."""

import torch

from fdemd.retrieval.protocol import LEAVE_TWIN_OUT, OFFICIAL, Labels
from fdemd.retrieval.ranking import Ranking
from fdemd.scoring.ground_truth import GroundTruth

GALLERY = Labels.distinct(torch.tensor([0, 0, 1]))
QUERY = Labels(GALLERY.identity, GALLERY.source, -1 - torch.arange(3))
MISSED = Labels.distinct(torch.tensor([0, 7]), first=10)
RANKING = Ranking(torch.tensor([[1, 2], [2, 0], [0, 1]]), torch.tensor([[0.9, 0.8]] * 3))


def test_queries_with_nobody_to_find_are_lone_and_missed_ones_count() -> None:
    truth = GroundTruth(QUERY, MISSED, GALLERY, LEAVE_TWIN_OUT)
    assert truth.relevant.tolist() == [1, 1, 0]
    assert (truth.queries, truth.failed, truth.lone) == (3, 1, 2)


def test_a_missed_query_is_wrong_in_every_figure() -> None:
    truth = GroundTruth(QUERY, MISSED, GALLERY, LEAVE_TWIN_OUT)
    values = truth.values(truth.hits(RANKING))
    assert values["P@1"].tolist() == [1, 0, 0]
    assert truth.figures(values)["P@1"].mean == 1 / 3


def test_figures_are_those_asked_for() -> None:
    truth = GroundTruth(
        QUERY, MISSED[:0], GALLERY, OFFICIAL, metrics={"places": lambda hits, relevant: hits.sum(1).double()}
    )
    assert {name: value.tolist() for name, value in truth.values(truth.hits(RANKING)).items()} == {"places": [1, 1, 0]}


def test_a_gain_is_of_each_query() -> None:
    truth = GroundTruth(QUERY, MISSED[:0], GALLERY, LEAVE_TWIN_OUT)
    before, after = {"P@1": torch.tensor([1.0, 0.0])}, {"P@1": torch.tensor([1.0, 1.0])}
    assert truth.gains(after, before)["P@1"].mean == 0.5
