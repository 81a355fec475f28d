"""Networks by name: what there is, and what is wrong with what was asked for."""

import re
from typing import Any

import pytest

from fdemd import backbones
from fdemd.backbones import BACKBONES, create_backbone, list_backbones
from fdemd.backbones.backbone import Backbone
from fdemd.errors import InputError


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
