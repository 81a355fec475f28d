"""Networks by name: what there is, what is wrong with what was asked for, and what another package brings."""

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fdemd import backbones
from fdemd.backbones import BACKBONES, create_backbone, list_backbones
from fdemd.backbones.backbone import Backbone
from fdemd.cli.command_line import plan
from fdemd.errors import InputError
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


def test_a_network_comes_by_its_name_ready_to_be_evaluated() -> None:
    network = create_backbone("dlib")
    assert isinstance(network, Backbone) and not network.training


def test_all_names_of_fdemd_are_listed_in_order() -> None:
    assert set(BACKBONES) <= set(list_backbones())
    assert list_backbones() == sorted(list_backbones())


@pytest.mark.parametrize(
    ("name", "settings", "sentence"),
    [
        ("cosfase", {}, r"Unknown backbone 'cosfase' \(did you mean cosface"),
        (
            "cosface",
            {"chekpoint": None},
            r"Unknown setting .* 'chekpoint' \(did you mean checkpoint",
        ),
        ("cosface", {"checkpoint": "no/such/file.pth"}, "no/such/file.pth"),
    ],
)
def test_mistakes_are_told(name: str, settings: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        create_backbone(name, **settings)


def test_what_is_built_must_be_a_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(backbones.BACKBONES, "other", lambda: {})
    with pytest.raises(InputError, match=re.escape("other is no network: it gives a dict")):
        create_backbone("other")


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
        create_backbone("tiny")


def test_its_settings_are_checked_as_on_the_command_line(install: Install) -> None:
    install()
    assert create_backbone("tiny", channels=4).layer.out_channels == 4
    with pytest.raises(InputError, match="channels takes a whole number, not 'x'"):
        create_backbone("tiny", channels="x")


def test_what_it_raises_while_it_is_built_names_it(install: Install) -> None:
    install()
    with pytest.raises(
        InputError, match=r"plug-in tiny of fdemd\.backbones refuses its settings: \w+Error: .*negative"
    ):
        create_backbone("tiny", channels=-4)


def test_a_group_that_fdemd_does_not_read_is_told_where_the_name_is_missed(install: Install) -> None:
    install(group="backbone")
    complaint = "names tiny in the group fdemd.backbone of entry points; here it would have to be fdemd.backbones"
    with pytest.raises(InputError, match=complaint):
        create_backbone("tiny")
    with pytest.raises(InputError, match=complaint):
        plan("evaluate", ["model=tiny"])
