import math
import statistics

from fdemd.report.spread import mean_and_deviation, spread_note, spread_text


def test_mean_and_deviation_are_those_of_a_sample_in_percent() -> None:
    mean, deviation = mean_and_deviation([0.5, 0.7, 0.9])
    assert (mean, deviation) == (70.0, round(statistics.stdev([50, 70, 90]), 4))
    assert spread_text(mean, deviation) == "70.0 +- 20.0"


def test_one_seed_has_no_deviation_and_a_missing_figure_no_mean() -> None:
    assert mean_and_deviation([0.5]) == (50.0, None)
    assert spread_text(50.0, None, digits=2) == "50.00"
    assert (spread_note(1), spread_note(2)) == ("", ", mean +- standard deviation over seeds")
    assert mean_and_deviation([0.5, math.nan]) == (None, None)
    assert spread_text(None, None) == "none"
