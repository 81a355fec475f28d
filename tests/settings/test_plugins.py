"""Names that other packages bring: found without an import, loaded with the settings that their signatures have."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from fdemd.errors import InputError
from fdemd.settings.plugins import check_plugin_settings, load_plugin, plugin_defaults, plugin_names, plugin_origin
from tests.plugins import write_package

MODULE = """
import fdemd
fdemd.imported_the_plugin = True

class Net:
    def __init__(self, faces, width: int = 64, *, grid: "list[int] | None" = None, checkpoint: str):
        self.width = width
"""

Install = Callable[[str, dict[str, dict[str, str]]], None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Installs a package for one test."""

    def call(module: str, entry_points: dict[str, dict[str, str]]) -> None:
        monkeypatch.syspath_prepend(write_package(tmp_path / "site-packages", module, entry_points))
        monkeypatch.delitem(sys.modules, "plugged_in", raising=False)

    return call


def test_names_are_found_without_an_import(install: Install) -> None:
    install("raise RuntimeError", {"backbones": {"net": "Net"}, "metrics": {"mine": "mine"}})

    assert plugin_names("backbones") == ["net"]
    assert plugin_names("metrics") == ["mine"]
    assert plugin_names("rerankers") == []
    assert plugin_origin("backbones", "net") == "plugged_in:Net"


def test_settings_are_those_of_the_signature(install: Install) -> None:
    install(MODULE, {"backbones": {"net": "Net"}})

    assert load_plugin("backbones", "net").__name__ == "Net"
    assert plugin_defaults("backbones", "net") == {"width": 64, "grid": None, "checkpoint": "???"}
    given = {"width": 3, "checkpoint": "a.pt"}
    assert check_plugin_settings("backbones", "net", given, "model") == given


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"checkpoint": "a.pt", "width": 1.5}, "model.width takes a whole number, not '1.5'."),
        ({"checkpoint": "a.pt", "wdith": 1}, "There is no setting model.wdith."),
        ({}, "model.checkpoint must be set; add model.checkpoint=VALUE."),
    ],
)
def test_wrong_settings_are_told_as_any_others(install: Install, values: dict[str, object], sentence: str) -> None:
    install(MODULE, {"backbones": {"net": "Net"}})

    with pytest.raises(InputError) as error:
        check_plugin_settings("backbones", "net", values, "model")
    assert str(error.value) == sentence


def test_a_plug_in_that_cannot_be_imported(install: Install) -> None:
    install("import no_such_module", {"queries": {"scarf": "scarf"}})

    with pytest.raises(InputError, match=r"plug-in scarf of fdemd.queries \(plugged_in:scarf\) cannot be imported: "):
        load_plugin("queries", "scarf")


def test_a_name_that_nobody_brings(install: Install) -> None:
    install("", {"queries": {"scarf": "scarf"}})

    with pytest.raises(InputError, match=r"Unknown plug-in of fdemd.queries 'scraf' \(did you mean scarf"):
        load_plugin("queries", "scraf")
