"""Names that other packages bring: found without an import, loaded with the settings that their signatures have."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fdemd.cli.command_line import plan
from fdemd.errors import InputError
from fdemd.settings.checking import changed
from fdemd.settings.plugins import check_plugin_settings, load_plugin, plugin_defaults, plugin_names, plugin_origin
from tests.plugins import choices_forgotten, write_package

MODULE = """
import fdemd
fdemd.imported_the_plugin = True

class Net:
    def __init__(self, faces, width: int = 64, *, grid: "list[int] | None" = None, checkpoint: str):
        self.width = width
"""

Install = Callable[[str, dict[str, dict[str, str]]], None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Installs a package for one test."""

    def call(module: str, entry_points: dict[str, dict[str, str]]) -> None:
        monkeypatch.syspath_prepend(write_package(tmp_path / "site-packages", module, entry_points))
        monkeypatch.delitem(sys.modules, "plugged_in", raising=False)

    with choices_forgotten():
        yield call


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
        (
            {"checkpoint": "a.pt", "wdith": 1},
            "There is no setting model.wdith. There are model.checkpoint, model.grid, model.width.",
        ),
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


@pytest.mark.parametrize("module", ["import sys; sys.exit(3)", "raise SystemExit"])
def test_a_plug_in_that_ends_the_program_is_told(install: Install, module: str) -> None:
    install(module, {"queries": {"scarf": "scarf"}})

    with pytest.raises(InputError, match="cannot be imported: SystemExit"):
        load_plugin("queries", "scarf")


@pytest.mark.parametrize(
    ("group", "parameter", "problem"),
    [
        (
            "backbones",
            "own: Own",
            "its parameter own is of the type Own; settings are bool, int, float,",
        ),
        ("backbones", "backbone='a'", "its parameter backbone has a name that is taken; give it another one."),
        ("backbones", "model_config=1", "its parameter model_config has a name that is taken;"),
        ("backbones", "_hidden=1", "its parameter _hidden has a name that is taken;"),
        ("rerankers", "method='a'", "its parameter method has a name that is taken;"),
        ("rerankers", "alpha=0.5", "its parameter alpha has a name that is taken;"),
        ("rerankers", "k: int = 5", "its parameter k has a name that is taken;"),
        ("queries", "size: 'Unknown' = 1", "name 'Unknown' is not defined."),
    ],
)
def test_a_parameter_that_can_be_no_setting_is_told(install: Install, group, parameter: str, problem: str) -> None:
    install(f"class Own: pass\nclass Mine:\n    def __init__(self, *, {parameter}): pass\n", {group: {"mine": "Mine"}})

    with pytest.raises(InputError) as error:
        plugin_defaults(group, "mine")
    assert str(error.value).startswith(f"The settings of the plug-in mine of fdemd.{group} cannot be told: {problem}")


@pytest.mark.parametrize("default", ["Own()", "{1, 2}", "lambda: 3"])
def test_a_default_that_nobody_could_write_is_told(install: Install, default: str) -> None:
    install(
        f"class Own: pass\nclass Net:\n    def __init__(self, *, size={default}): pass\n",
        {"backbones": {"net": "Net"}},
    )

    with pytest.raises(InputError, match="the default of its parameter size is no number, text, or list of these"):
        plan("evaluate", ["model=net"])


@pytest.mark.parametrize("annotation", ["", ": tuple[int, int]", ": 'tuple[int, ...] | None'"])
def test_a_list_is_taken_where_the_signature_has_a_tuple(install: Install, annotation: str) -> None:
    module = f"class Net:\n    def __init__(self, *, size{annotation} = (112, 112)): pass\n"
    install(module, {"backbones": {"net": "Net"}})

    assert plan("evaluate", ["model=net"])[0].settings.plain()["model"]["size"] == [112, 112]
    assert plan("evaluate", ["model=net", "model.size=[64,48]"])[0].settings.plain()["model"]["size"] == [64, 48]


def test_what_is_in_a_tuple_has_the_type_of_the_signature(install: Install) -> None:
    install("class Net:\n    def __init__(self, *, size: tuple[int, int]): pass\n", {"backbones": {"net": "Net"}})

    with pytest.raises(InputError, match=r"model\.size\[1\] takes a whole number, not '1\.5'"):
        plan("evaluate", ["model=net", "model.size=[64,1.5]"])


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


def test_a_section_of_a_plug_in_can_be_part_of_other_settings(install: Install) -> None:
    install("class Net:\n    def __init__(self, *, checkpoint: str = ''): pass\n", {"backbones": {"net": "Net"}})
    settings = plan("evaluate", ["model=net"])[0].settings

    assert changed(settings, seed=3).model == settings.model
    assert changed(settings.model, checkpoint="a.pt").plain() == {"backbone": "net", "checkpoint": "a.pt"}
    with pytest.raises(InputError, match=r"There is no setting model\.weights"):
        changed(settings.model, weights="a.pt")
