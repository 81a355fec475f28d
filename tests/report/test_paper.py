import pytest

from fdemd.errors import InputError
from fdemd.report.paper import compared_with_paper, paper_rows


def test_a_row_is_compared_with_the_same_network_data_query_and_method_only() -> None:
    row = {"model": "arcface", "data": "lfw", "query": "crop", "protocol": "official", "method": "emd"}
    row |= {"weighting": "apc", "grid": "8x8", "P@1": 95.0}
    same, other = compared_with_paper([row, {**row, "protocol": "leave-twin-out"}], "table1")
    assert (same["paper P@1"], same["difference P@1"]) == (96.16, -1.16)
    assert other["paper P@1"] is None
    assert compared_with_paper([row], None) == [row]


@pytest.mark.parametrize("table", ["table1", "table2", "table3"])
def test_the_papers_figures_are_percents_that_fall_from_p_at_1_to_map_at_r(table: str) -> None:
    for row in paper_rows(table):
        known = [row[name] for name in ("P@1", "RP", "MAP@R") if row[name] is not None]
        assert 100 >= known[0] >= known[1] >= known[-1] >= 0


def test_other_tables_are_named() -> None:
    with pytest.raises(InputError, match="table1"):
        paper_rows("table9")
