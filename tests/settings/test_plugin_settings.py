"""Settings of plug-ins: those that their signatures have, refused as fdemd's own are."""

import pytest

from fdemd.cli.command_line import plan
from fdemd.errors import InputError
from fdemd.settings.checking import changed
from fdemd.settings.plugin_settings import check_plugin_settings, plugin_defaults
from fdemd.settings.plugins import load_plugin
from tests.settings.conftest import Install

MODULE = """
import fdemd
fdemd.imported_the_plugin = True

class Net:
    def __init__(self, faces, width: int = 64, *, grid: "list[int] | None" = None, checkpoint: str):
        self.width = width
"""


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


def test_a_section_of_a_plug_in_can_be_part_of_other_settings(install: Install) -> None:
    install("class Net:\n    def __init__(self, *, checkpoint: str = ''): pass\n", {"backbones": {"net": "Net"}})
    settings = plan("evaluate", ["model=net"])[0].settings

    assert changed(settings, seed=3).model == settings.model
    assert changed(settings.model, checkpoint="a.pt").plain() == {"backbone": "net", "checkpoint": "a.pt"}
    with pytest.raises(InputError, match=r"There is no setting model\.weights"):
        changed(settings.model, weights="a.pt")
