"""The error that is the user's to mend."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fdemd.errors import InputError, unknown


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("acp", "Unknown weighting 'acp' (did you mean apc?); choose one of apc, cc, uniform."),
        ("zzzzz", "Unknown weighting 'zzzzz'; choose one of apc, cc, uniform."),
        (None, "Unknown weighting 'None'; choose one of apc, cc, uniform."),
    ],
)
def test_a_name_that_is_none_is_told_with_the_nearest_and_all_others(name: object, said: str) -> None:
    assert str(unknown("weighting", name, ["uniform", "cc", "apc"])) == said


@given(st.text(), st.lists(st.text(min_size=1), max_size=5))
def test_whatever_was_given_the_sentence_has_it_and_every_choice(name: str, choices: list[str]) -> None:
    said = str(unknown("thing", name, choices))
    assert repr(name) in said
    assert all(choice in said for choice in choices)


def test_it_is_a_value_error_for_those_who_call_fdemd_from_python() -> None:
    with pytest.raises(ValueError, match="mask"):
        raise InputError("No such mask.")
