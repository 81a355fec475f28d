"""Settings of a network on the command line that are none are a sentence."""

import pytest

from data_prep.networks import chosen_network
from fdemd.errors import InputError


@pytest.mark.parametrize("value", ["[", "{", "a: b: c", "\x00"])
def test_a_value_that_is_none_is_reported(value: str) -> None:
    with pytest.raises(InputError, match="is no value for the setting checkpoint"):
        chosen_network(["facenet", f"checkpoint={value}"])
