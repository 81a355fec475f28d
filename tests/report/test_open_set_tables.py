"""Error rates as rows and cells; a rate that needs more searches than there are says so."""

import pytest
import torch

from fdemd.report.open_set_tables import open_set_cells, open_set_rows
from fdemd.scoring.closed_set import STAGE_1, STAGE_2
from fdemd.scoring.open_set import OpenSet, Searches, measure_open_set


def searches(mean: float) -> Searches:
    scores, rows = torch.linspace(mean - 1, mean + 1, 40).double(), torch.arange(40)
    return Searches({STAGE_1: scores, STAGE_2: scores + 1}, rows // 2, 3, 0, 0, rows, {}, {})


@pytest.fixture
def result() -> OpenSet:
    thresholds = {STAGE_1: [0.5, None, None], STAGE_2: [1.5, None, None]}
    return measure_open_set("mask", "official", searches(0.5), searches(0), 7, thresholds, seed=0)


def test_rows_have_rates_in_percent_and_all_counts(result: OpenSet) -> None:
    first, second = open_set_rows([result])
    assert (first["stage"], second["stage"]) == (STAGE_1, STAGE_2)
    assert first["FNIR@0.1"] == 50.0 and first["FPIR@0.1"] == 25.0
    assert first["FPIR@0.1 low"] < 25.0 < first["FPIR@0.1 high"]
    assert (first["T@0.1"], first["T@0.01"], first["FNIR@0.01"]) == (0.5, None, None)
    assert (first["mated"], first["mated people"], first["mated missed"], first["lone"]) == (40, 20, 3, 7)


def test_the_table_goes_by_rates(result: OpenSet) -> None:
    cells = list(open_set_cells([result]))
    assert [line["at FPIR"] for line in cells] == ["10 %", "10 %", "1 %", "0.1 %"]
    assert cells[0]["T"] == "0.5000" and cells[0]["FNIR"].startswith("50.0 (")
    assert "non-mated searches" in cells[2]["FNIR"]
