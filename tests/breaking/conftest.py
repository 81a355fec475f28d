"""What the attempts to break the program share, and the table that ``make break`` makes of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

Tally = Callable[[str, int, int], None]
PAGE = "--reliability"
BEGIN, END = "<!-- made by: make break -->\n", "<!-- end -->"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(PAGE, metavar="FILE", help="write the table of what was tried into this page")


@pytest.fixture
def tally(record_property: Callable[[str, object], None]) -> Tally:
    """Takes what was tried in a few words, how often, and how often it held; a test fails unless all held."""

    def note(tried: str, times: int, held: int) -> None:
        record_property("tally", (tried, int(times), int(held)))  # plain numbers travel between processes
        assert times > 0 and held == times, f"{tried}: {held} of {times} held"

    return note


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print what was tried and what held, and write it into the page that was named."""
    found = [
        (str(report.nodeid).split("::")[0].rpartition("/")[2], *value)
        for outcome in ("passed", "failed")
        for report in terminalreporter.stats.get(outcome, [])
        for name, value in report.user_properties
        if name == "tally"
    ]
    if not found:
        return
    rows = [f"| {tried} | {times:,} | {held:,} | {file} |" for file, tried, times, held in sorted(found)]
    table = "\n".join(["| what was tried | times | held | test |", "| --- | ---: | ---: | --- |", *rows, ""])
    terminalreporter.section("what was tried")
    terminalreporter.write_line(table)
    if page := config.getoption(PAGE, None):
        path = Path(page)
        head, _, rest = path.read_text(encoding="utf-8").partition(BEGIN)
        path.write_text(f"{head}{BEGIN}\n{table}\n{END}{rest.partition(END)[2]}", encoding="utf-8")
