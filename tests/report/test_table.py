"""A table as Markdown and on the terminal."""

import io

from rich.console import Console

from fdemd.report.table import Table, not_repeated

LINES = [
    {"query": "mask", "stage": "stage 1", "P@1": "76.5 (67.0-100)"},
    {"query": "", "stage": "stage 2", "P@1": "98.2 (95.5-100)"},
    {"query": "crop", "stage": "stage 1", "P@1": "58.2 (48.0-68.2)"},
]


def printed(table: Table) -> str:
    console = Console(width=80, record=True, file=io.StringIO())
    table.print(console)
    return console.export_text()


def test_markdown_has_the_title_above_and_the_notes_below() -> None:
    lines = Table("dlib on orl", LINES, notes=["400 queries"]).markdown().splitlines()
    assert lines[0] == "### dlib on orl"
    assert lines[2:5] == ["| query | stage | P@1 |", "| --- | --- | --- |", "| mask | stage 1 | 76.5 (67.0-100) |"]
    assert lines[-1] == "- 400 queries"


def test_words_stand_on_the_left_and_numbers_on_the_right() -> None:
    lines = printed(Table("title", LINES, ("query", "stage"))).splitlines()
    assert lines[3].startswith("mask  stage 1")
    assert lines[1].rstrip().endswith("P@1")


def test_lines_of_one_kind_stand_together() -> None:
    lines = [line.strip() for line in printed(Table("title", LINES, ("query", "stage"))).splitlines()]
    first, last = (next(n for n, line in enumerate(lines) if line.startswith(kind)) for kind in ("mask", "crop"))
    assert last - first == 3, "a gap between two kinds"


def test_nothing_of_a_wide_table_is_cut_off() -> None:
    wide = [{"method": "m" * 60, "P@1": "76.5 (67.0-100)", "gain": "-12.3 (-20.1, -10.0)"}]
    assert all(cell in printed(Table("title", wide)) for cell in wide[0].values())


def test_names_that_others_chose_are_no_commands_to_the_terminal() -> None:
    text = printed(Table("on \x1b[2Jfaces", LINES, notes=["note of \x1b]0;x\x07"]))
    assert r"on \x1b[2Jfaces" in text and r"note of \x1b]0;x\x07" in text


def test_what_was_said_below_a_table_is_not_said_again() -> None:
    known: set[str] = set()
    assert not_repeated(["a", "b", "a"], known) == ["a", "b"]
    assert not_repeated(["b", "c"], known) == ["c"]
