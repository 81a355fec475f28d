"""What every section of settings keeps to, and the words of its checks."""

from typing import Annotated, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, ValidationError

from fdemd.errors import InputError
from fdemd.settings.checking import check_settings
from fdemd.settings.ranking import EmdRerank, ExactSearch
from fdemd.settings.section import (
    FolderName,
    Place,
    Section,
    at_least,
    each_once,
    is_number,
    is_size,
    is_whole,
    refuse,
    takes,
    that,
    within,
)


class Made(Section):
    """A section with a setting of each kind of check."""

    kind: Literal["made"] = "made"
    count: Annotated[int, at_least(2, "it must be 2 or more")] = 2
    share: Annotated[float, within(lambda share: 0 <= share <= 1, "it must lie between 0 and 1")] = 0.5
    size: Annotated[object, takes(is_size, "[height,width]")] = None
    names: Annotated[list[str], that(each_once, "name each once")] = Field(default_factory=lambda: ["a"])
    folder: FolderName = "run"
    place: Place = "."


def test_nothing_is_converted() -> None:
    for values in ({"count": True}, {"count": 2.0}, {"count": "2"}, {"share": "0.5"}, {"names": ("a",)}, {"place": 3}):
        with pytest.raises(InputError):
            check_settings(Made, values)
    assert check_settings(Made, {"share": 1}).share == 1.0


def test_settings_cannot_be_changed_or_added() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Made().count = 3  # type: ignore[misc]
    with pytest.raises(InputError, match="There is no setting cuont"):
        check_settings(Made, {"cuont": 3})


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"count": 1}, "count is 1; it must be 2 or more."),
        ({"count": 2**31}, "count is 2147483648; it must be 2 or more."),
        ({"share": 1.1}, "share is 1.1; it must lie between 0 and 1."),
        ({"share": float("nan")}, "share is nan; it must lie between 0 and 1."),
        ({"size": [4]}, "size takes [height,width], not '[4]'."),
        ({"names": ["a", "a"]}, "names is [a,a]; name each once."),
        ({"names": []}, "names is []; name each once."),
        ({"folder": "../x"}, "folder is ../x; it becomes part of a folder's name: up to 100 letters, digits, - and _."),
        ({"folder": "x" * 101}, f"folder is {'x' * 101}; it becomes part of a folder's name"),
        ({"place": ""}, "place is ''; it must be a path (. is the folder you are in)."),
    ],
)
def test_a_check_says_what_may_be_instead(values: dict[str, object], sentence: str) -> None:
    with pytest.raises(InputError) as error:
        check_settings(Made, values)
    assert str(error.value).startswith(sentence)


def test_plain_has_what_was_given_and_the_name_of_the_section() -> None:
    assert Made(count=3).plain() == {"kind": "made", "count": 3}
    assert EmdRerank(weighting="sc").plain() == {"method": "emd", "weighting": "sc"}
    assert ExactSearch().plain() == {"search": "exact"}


def test_a_refusal_says_all_of_it() -> None:
    assert refuse("Give {both}, or neither.").message() == "Give {both}, or neither."


@given(st.one_of(st.integers(), st.floats(), st.booleans(), st.none(), st.text()))
def test_true_is_no_number_and_a_number_is_finite(value: object) -> None:
    assert is_whole(value) == (type(value) is int)
    if is_number(value):
        assert not isinstance(value, bool) and float(value) - float(value) == 0  # type: ignore[arg-type]


@given(st.lists(st.integers(-1, 5000), max_size=3))
def test_a_size_is_two_numbers_within_a_picture(sides: list[int]) -> None:
    assert is_size(sides) == (len(sides) == 2 and all(1 <= side <= 4096 for side in sides))
