"""Mean and deviation over runs, and the gain run by run."""

import pytest
import torch

from fdemd.metrics.intervals import Estimate
from fdemd.metrics.spread import Spread
from fdemd.retrieval.ranking import Ranking
from fdemd.scoring.closed_set import STAGE_1, STAGE_2, Comparison
from fdemd.scoring.over_runs import compare_weights


def run(first: float, second: float) -> list[Comparison]:
    """One kind of query with these figures of both stages."""
    figures = {
        stage: dict.fromkeys(("P@1", "RP"), Estimate(share, share, share))
        for stage, share in ((STAGE_1, first), (STAGE_2, second))
    }
    ranking = Ranking(torch.tensor([[0]]), torch.tensor([[1.0]]))
    return [Comparison("mask", (8, 8), "official", figures, 4, 0, 0, 0, 0, 0, stage1=ranking, stage2=ranking)]


def test_each_run_gains_over_its_own_baseline() -> None:
    runs = {"pretrained": [run(0.5, 0.6), run(0.7, 0.8)], "masked": [run(0.6, 0.7), run(0.8, 0.9)]}
    found = {(each.weights, each.stage): each for each in compare_weights(runs, "pretrained")}
    assert found["pretrained", STAGE_1].gain == Spread(0.0, 0.0)
    assert found["masked", STAGE_2].figures["RP"] == Spread(80.0, 14.1421)
    assert found["masked", STAGE_2].gain.mean == pytest.approx(20.0)
    assert found["masked", STAGE_2].gain.deviation == pytest.approx(0.0)
    assert found["masked", STAGE_2].first == (0.7, 0.9)


def test_a_baseline_of_one_run_stands_for_all() -> None:
    found = compare_weights({"pretrained": [run(0.5, 0.5)], "masked": [run(0.6, 0.6), run(0.8, 0.8)]}, "pretrained")
    assert found[0].gain == Spread(0.0, None)
    assert found[2].gain.mean == pytest.approx(20.0)
