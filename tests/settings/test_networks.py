"""Section ``model``: which network, and what its settings may be."""

import pytest

from fdemd.cli.command_line import plan
from fdemd.settings.networks import DlibNetwork, TimmNetwork
from tests.settings.conftest import Told


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("model.grid=3", "unknown model.grid '3'; choose one of 2, 4, 8."),
    ],
)
def test_a_wrong_setting_is_told(line: str, sentence: str, told: Told) -> None:
    assert told("evaluate", line).startswith(sentence)


@pytest.mark.parametrize("size", ["null", "[112,96]", "[1,4096]"])
def test_a_size_is_none_or_two_sides_of_a_picture(size: str) -> None:
    (point,) = plan("evaluate", ["model=onnx", f"model.face_size={size}"])
    assert point.settings.model.face_size in (None, [112, 96], [1, 4096])


@pytest.mark.parametrize("words", [["model.mean=[1,2]"], ["model.mean=x"], ["model.scale=[1,2,true]"]])
def test_levels_are_a_number_or_one_for_each_colour(words: list[str], told: Told) -> None:
    assert "takes a number, or a list of three, not " in told("evaluate", " ".join(["model=onnx", *words]))


def test_which_section_a_network_has_is_told_by_its_name() -> None:
    for name, section in (("timm", TimmNetwork), ("dlib", DlibNetwork)):
        assert type(plan("evaluate", [f"model={name}"])[0].settings.model) is section
    assert plan("evaluate", ["query=[adversarial]", "query.adversarial.model=timm"])[0].settings.query[
        "adversarial"
    ].model == TimmNetwork(backbone="timm")
