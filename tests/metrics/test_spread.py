from fdemd.metrics.spread import Spread, spread_of


def test_the_deviation_is_that_of_a_sample() -> None:
    assert spread_of([0.9, 0.94, 0.98]) == Spread(94.0, 4.0)


def test_one_run_has_no_deviation() -> None:
    assert spread_of([0.9]) == Spread(90.0, None)


def test_a_run_without_a_figure_leaves_no_mean() -> None:
    assert spread_of([0.9, float("nan")]) == Spread(None, None)
