"""What the attempts to break the program share: a table of what was tried, a user without rights, a small disk."""

from __future__ import annotations

from collections.abc import Callable

import pytest

Tally = Callable[[str, int, int], None]


@pytest.fixture
def tally(record_property: Callable[[str, object], None]) -> Tally:
    """Takes what was tried in a few words, how often, and how often it held; a test fails unless all held."""

    def note(tried: str, times: int, held: int) -> None:
        record_property("tally", (tried, times, held))
        assert times > 0 and held == times, f"{tried}: {held} of {times} held"

    return note
