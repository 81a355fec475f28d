"""The terms of every data set that has a config are known."""

import pytest

from fdemd.cli.command_line import CONFIG_DIR
from fdemd.runs.terms import terms


@pytest.mark.parametrize("name", sorted(path.stem for path in (CONFIG_DIR / "data").glob("*.yaml")))
def test_terms_of_every_data_set_are_known(name: str) -> None:
    assert not terms(name).startswith("Unknown"), "add it to fdemd/report/data_card.py"


def test_a_set_without_a_config_has_unknown_terms() -> None:
    assert terms("ms1m").startswith("Unknown")
