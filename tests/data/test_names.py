import logging
import unicodedata

import pytest

from fdemd.data.names import identity_of, warn_of_spellings


@pytest.mark.parametrize("written", ["Zoë", unicodedata.normalize("NFD", "Zoë"), " Zoë", "Zoë\u00a0", "Zoë\t"])
def test_spellings_of_one_person(written: str) -> None:
    assert identity_of(written) == "Zoë"


def test_letter_case_tells_people_apart() -> None:
    assert identity_of("Anna") != identity_of("anna")


def test_what_was_merged_is_said(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        warn_of_spellings(["Ann", "Ann ", "Ann", "Bob", "bob"], "photos")
    merged, alike = caplog.messages
    assert merged.startswith("photos: people who are written in several ways")
    assert merged.endswith("'Ann'/'Ann '.")
    assert alike == "photos: names that differ in letter case only are different people: 'Bob'/'bob'."


def test_nothing_is_said_of_ordinary_names(caplog: pytest.LogCaptureFixture) -> None:
    warn_of_spellings(["Ann", "Bob", "Ann"], "photos")
    assert not caplog.messages
