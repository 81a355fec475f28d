"""A network of another package is checked before anything is computed with it."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import fdemd
from fdemd import InputError
from fdemd.cli.command_line import plan
from tests.plugins import choices_forgotten, write_package

NETWORK = """
from torch import nn
from fdemd.backbones import Backbone

class Net(Backbone):
    {told}

    def __init__(self, *, channels: int = 8) -> None:
        super().__init__()
        self.layer = nn.Conv2d(3, channels, 16)

    def forward(self, faces):
        raise NotImplementedError
"""
TOLD = 'face_size, alignment, weights_sha256 = (112, 112), "insightface", "random"'

Install = Callable[..., None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Installs a package with a network for one test."""

    def call(told: str = TOLD, group: str = "backbones") -> None:
        module = NETWORK.format(told=told)
        monkeypatch.syspath_prepend(write_package(tmp_path / "site-packages", module, {group: {"tiny": "Net"}}))
        monkeypatch.delitem(sys.modules, "plugged_in", raising=False)

    with choices_forgotten():
        yield call


@pytest.mark.parametrize("name", ["face_size", "alignment", "weights_sha256"])
def test_what_it_does_not_say_of_itself_is_told(install: Install, name: str) -> None:
    install(f"{TOLD}; del {name}")
    with pytest.raises(InputError, match=f"^The plug-in tiny lacks {name}; set it to "):
        fdemd.create_backbone("tiny")


def test_its_settings_are_checked_as_on_the_command_line(install: Install) -> None:
    install()
    assert fdemd.create_backbone("tiny", channels=4).layer.out_channels == 4
    with pytest.raises(InputError, match="channels takes a whole number, not 'x'"):
        fdemd.create_backbone("tiny", channels="x")


def test_what_it_raises_while_it_is_built_names_it(install: Install) -> None:
    install()
    with pytest.raises(
        InputError, match=r"plug-in tiny of fdemd\.backbones refuses its settings: \w+Error: .*negative"
    ):
        fdemd.create_backbone("tiny", channels=-4)


def test_a_group_that_fdemd_does_not_read_is_told_where_the_name_is_missed(install: Install) -> None:
    install(group="backbone")
    complaint = "names tiny in the group fdemd.backbone of entry points; here it would have to be fdemd.backbones"
    with pytest.raises(InputError, match=complaint):
        fdemd.create_backbone("tiny")
    with pytest.raises(InputError, match=complaint):
        plan("evaluate", ["model=tiny"])
