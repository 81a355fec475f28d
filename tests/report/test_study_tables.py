"""The tables of a study: figures, the gain over stage 1, and the paper's figures where it has them."""

from fdemd.report.study_point import PointResult
from fdemd.report.study_tables import point_tables, row_cells


def test_the_printed_table_has_the_gain_of_each_method(point: PointResult) -> None:
    (table,) = point_tables(point, point.rows(with_normalization=False, with_copies=False), set())
    assert table.title.startswith("dlib on orl, protocol official: ")
    assert table.cells[0] == {
        "query": "mask", "method": "stage 1", "P@1": "76.5 (67.0-100)", "gain": "", "RP": "50.0", "s": "",
    }  # fmt: skip
    assert table.cells[1]["gain"] == "+5.0 (-1.0, 10.0)"
    assert table.cells[1]["s"] == "1.2"
    assert "4 of 4 queries a kind, 4 in the gallery" in " ".join(table.notes)


def test_the_papers_figure_stands_beside_ours(point: PointResult) -> None:
    row = point.rows(with_normalization=False, with_copies=False)[1]
    known = row_cells(row | {"paper P@1": 80.0, "difference P@1": -3.5}, [], ["P@1", "RP"])
    assert known["paper P@1"] == "80.0 (-3.5)"
    assert row_cells(row | {"paper P@1": None, "difference P@1": None}, [], ["P@1"])["paper P@1"] == ""
