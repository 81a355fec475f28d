"""Names that other packages bring: found without an import, and told if they are unknown or cannot be imported."""

import pytest

from fdemd.cli.command_line import plan
from fdemd.errors import InputError
from fdemd.settings.plugins import load_plugin, plugin_names, plugin_origin
from tests.settings.conftest import Install


def test_names_are_found_without_an_import(install: Install) -> None:
    install("raise RuntimeError", {"backbones": {"net": "Net"}, "metrics": {"mine": "mine"}})

    assert plugin_names("backbones") == ["net"]
    assert plugin_names("metrics") == ["mine"]
    assert plugin_names("rerankers") == []
    assert plugin_origin("backbones", "net") == "plugged_in:Net"


def test_a_plug_in_that_cannot_be_imported(install: Install) -> None:
    install("import no_such_module", {"queries": {"scarf": "scarf"}})

    with pytest.raises(InputError, match=r"plug-in scarf of fdemd.queries \(plugged_in:scarf\) cannot be imported: "):
        load_plugin("queries", "scarf")


def test_a_name_that_nobody_brings(install: Install) -> None:
    install("", {"queries": {"scarf": "scarf"}})

    with pytest.raises(InputError, match=r"Unknown plug-in of fdemd.queries 'scraf' \(did you mean scarf"):
        load_plugin("queries", "scraf")


@pytest.mark.parametrize("module", ["import sys; sys.exit(3)", "raise SystemExit"])
def test_a_plug_in_that_ends_the_program_is_told(install: Install, module: str) -> None:
    install(module, {"queries": {"scarf": "scarf"}})

    with pytest.raises(InputError, match="cannot be imported: SystemExit"):
        load_plugin("queries", "scarf")


@pytest.mark.parametrize(
    ("group", "name", "word"),
    [
        ("backbones", "dlib", "model=dlib"),
        ("rerankers", "emd", "rerank=emd"),
        ("queries", "mask", "query=[mask]"),
        ("metrics", "RP", "metrics=[RP]"),
    ],
)
def test_a_plug_in_named_like_a_choice_of_fdemd_is_told_where_that_is_chosen(
    install: Install, group: str, name: str, word: str
) -> None:
    install("def mine(size, *, height=1): pass", {group: {name: "mine"}})

    with pytest.raises(InputError, match=rf"fdemd has {name} itself, and the plug-in plugged_in:mine of "):
        plan("evaluate", [word])
    assert plan("evaluate", ["model=arcface", "rerank=none", "query=[clean]", "metrics=[P@1]"])
