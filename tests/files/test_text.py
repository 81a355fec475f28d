import csv
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fdemd.files.text import csv_table, to_printable


@given(st.text())
def test_nothing_that_steers_a_terminal_is_left(text: str) -> None:
    assert all(each.isprintable() or unicodedata.category(each) == "Zs" for each in to_printable(text))


@pytest.mark.parametrize("text", ["José (2)", "Zoë's photo #1 & more", "李明", "a\\b"])
def test_ordinary_names_stay_as_they_are(text: str) -> None:
    assert to_printable(text) == text


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_begins_a_formula(start: str) -> None:
    (row,) = csv.reader([csv_table([[f"{start}cmd|' /C calc'!A0", 1.5, -2]]).strip("\n")])
    assert row[0][0] not in "=+-@\t\r"
    assert row[1:] == ["1.5", "-2"]
