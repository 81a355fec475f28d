"""Tables in Markdown."""

from fdemd.repro.markdown import markdown_table


def test_a_table_without_rows_has_its_header() -> None:
    assert markdown_table(["query"], []) == ["| query |", "| --- |"]
