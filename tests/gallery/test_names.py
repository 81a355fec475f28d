"""Names of people."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fdemd.errors import InputError
from fdemd.gallery.names import check_name


@pytest.mark.parametrize(
    "name", ["Ann Lee", "李明", "D'Arcy", "Zoë", "Brien & Sons", "'; DROP TABLE people; --", "../x"]
)
def test_what_people_are_called_may_be_a_name(name: str) -> None:
    assert check_name(f"  {name} ") == unicodedata.normalize("NFC", name)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("", "is empty"),
        (" \t", "is empty"),
        ("Ann\n", None),
        ("An\nn", "cannot be printed"),
        ("An\x1b[2Jn", "cannot be printed"),
        ("An\u202en", "cannot be printed"),
        ("An\ud800n", "cannot be printed"),
        ("<script>", "signs of markup"),
        ("A" * 201, "has 201 characters; 200 are the most"),
        (7, "is a text, not a int"),
    ],
)
def test_what_may_not_be_a_name_is_told(name: object, sentence: str | None) -> None:
    if sentence is None:
        assert check_name(name) == "Ann"
        return
    with pytest.raises(InputError, match=sentence) as error:
        check_name(name)
    assert str(error.value).isprintable()


@given(st.text(max_size=300))
def test_a_name_that_passes_passes_again_as_it_is(name: str) -> None:
    try:
        kept = check_name(name)
    except InputError:
        return
    assert check_name(kept) == kept and kept.isprintable()
