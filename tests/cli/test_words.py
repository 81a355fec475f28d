"""Words of a command line: what Hydra reads, and the text as it was typed."""

from pathlib import Path

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import OmegaConf

from fdemd.cli.words import is_path, read_word, verbatim
from fdemd.errors import InputError

PARSER = OverridesParser.create()


def test_a_word_is_read_and_kept_as_typed() -> None:
    word = read_word(PARSER, "rerank.alpha=0.50")
    assert (word.override.value(), word.typed, word.problem) == (0.5, "0.50", None)


def test_what_cannot_be_read_is_text_with_its_problem() -> None:
    word = read_word(PARSER, "output=/photos/(1")
    assert word.override.value() == word.typed == "/photos/(1"
    assert "brackets must be closed" in str(word.problem)


def test_lists_within_lists_end_somewhere() -> None:
    assert "more than 20 deep" in str(read_word(PARSER, f"a={'[' * 30}{']' * 30}").problem)


def test_a_key_that_cannot_be_read_is_refused() -> None:
    with pytest.raises(InputError, match="cannot read"):
        read_word(PARSER, "a b=1")


@pytest.mark.parametrize("text", ["plain", 'the "good" ones', "it's", "a\\b", "${HOME}", "\\${x}", "[1, 2", "a=b"])
def test_text_in_quotes_is_read_as_it_stands(text: str) -> None:
    value = PARSER.parse_overrides([f"key={verbatim(text)}"])[0].value()
    assert OmegaConf.create({"key": value}).key == text


def test_a_list_with_commas_may_be_a_path(tmp_path: Path) -> None:
    (tmp_path / "a,b").touch()
    assert is_path(str(tmp_path / "a,b"))
    assert not is_path(str(tmp_path / "c,d"))
    assert not is_path("a,b")
