import torch

from fdemd.scoring.error_rates import measure_error_rates


def test_rates_at_the_thresholds_that_were_set() -> None:
    mated, nonmated = torch.tensor([0.9, 0.8, 0.2, -torch.inf]).double(), torch.tensor([0.1, 0.3, 0.5, 0.85]).double()
    people = torch.arange(4)
    rates = measure_error_rates(mated, people, nonmated, people, [0.6, None], seed=0)
    point, without = rates.points
    assert point is not None and without is None
    assert (point.threshold, point.fnir.mean, point.fpir.mean) == (0.6, 0.5, 0.25)
    assert point.fnir.low <= point.fnir.mean <= point.fnir.high
    assert len(rates.curve.fpir) == len(rates.curve.fnir) > 2
