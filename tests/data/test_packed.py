"""Texts in arrays are those that were given."""

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fdemd.data.packed import PackedTexts


@given(st.lists(st.text(st.characters(), max_size=9)), st.slices(9))
def test_texts_are_those_that_were_given(given_texts: list[str], some: slice) -> None:
    texts = PackedTexts(given_texts)
    assert len(texts) == len(given_texts)
    assert list(texts) == given_texts
    assert list(texts[some]) == given_texts[some]
    assert list(pickle.loads(pickle.dumps(texts))) == given_texts


@pytest.mark.parametrize("number", [2, -3])
def test_there_is_no_text_beyond_the_last(number: int) -> None:
    with pytest.raises(IndexError):
        PackedTexts(["a", "b"])[number]


def test_names_of_files_that_are_no_utf8_stay_what_they_are() -> None:
    assert PackedTexts(["\udcff.jpg"])[0] == "\udcff.jpg"
