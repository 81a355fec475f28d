"""The terms of every data set that has a config are known."""

from pathlib import Path

import pytest

from fdemd.cli import CONFIG_DIR
from fdemd.data.manifest import Manifest, Photograph
from fdemd.report.data_card import data_card, terms


@pytest.mark.parametrize("name", sorted(path.stem for path in (CONFIG_DIR / "data").glob("*.yaml")))
def test_terms_of_every_data_set_are_known(name: str) -> None:
    assert not terms(name).startswith("Unknown"), "add it to fdemd/report/data_card.py"


def test_a_card_counts_photographs_and_people() -> None:
    manifest = Manifest(Path(), tuple(Photograph(f"{n}.png", "ab"[n % 2], f"{n}.png") for n in range(5)))
    card = data_card("orl", manifest, "f00d")
    assert (card["name"], card["sha256"], card["photographs"], card["people"]) == ("orl", "f00d", 5, 2)
    assert "acknowledgement" in card["terms"]
