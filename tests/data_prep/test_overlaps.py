"""People of two sets are found by their names, however those are written, and never by no name at all."""

import pytest

from data_prep.overlaps import shared_people


@pytest.mark.parametrize(
    ("people", "others", "shared"),
    [
        (["MariaCallas"], ["Maria_Callas"], ["MariaCallas"]),
        (["Zoë"], ["zoe\u0308"], ["Zoë"]),
        (["001"], ["001"], []),
        (["--"], ["...", "_"], []),
    ],
)
def test_shared_people(people: list[str], others: list[str], shared: list[str]) -> None:
    assert shared_people(people, others) == shared
