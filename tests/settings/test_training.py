"""Sections ``loss``, ``optimizer``, ``batches`` and ``validation``: what they refuse, in a sentence."""

import math

import pytest

from fdemd.cli.command_line import plan
from tests.settings.conftest import Told


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("optimizer.lr=0", "optimizer.lr is 0; it must be above 0."),
        ("optimizer.lr=[1]", "optimizer.lr takes a number, not '[1]'."),
        ("loss.margin=2", "loss.margin is 2; ArcFace's is an angle in radians, 0 to 1.57"),
        ("loss=otface loss.transport.weighting=lmk", "unknown loss.transport.weighting 'lmk'"),
        ("batches.order=random", "unknown batches.order 'random'"),
        ("validation.people=-1", "validation.people is -1; it must be 0 (nobody) or more."),
    ],
)
def test_a_wrong_setting_is_told(line: str, sentence: str, told: Told) -> None:
    assert told("train", line).startswith(sentence)


@pytest.mark.parametrize(("loss", "compares"), [("arcface", False), ("otface", True), ("softmax", False)])
def test_a_loss_knows_whether_a_batch_must_show_two_faces_of_each_person(loss: str, compares: bool) -> None:
    assert plan("train", [f"loss={loss}"])[0].settings.loss.compares_faces is compares


@pytest.mark.parametrize("margin", [0, math.pi / 2])
def test_the_ends_of_a_range_are_in_it(margin: float) -> None:
    assert plan("train", [f"loss.margin={margin}"])[0].settings.loss.margin == margin
