"""A card that says otherwise than its network does is found by running the network."""

from pathlib import Path

import pytest
import torch

from fdemd.backbones import create_backbone
from fdemd.backbones.card_check import card_mistakes
from fdemd.checkpoints import Card, read_card
from fdemd.errors import InputError
from tests.checkpoints.made_cards import CONTENT, write_card


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    path = tmp_path / "net.bin"
    torch.save(create_backbone("iresnet", depth=18, checkpoint="random").state_dict(), path)
    return path


def card_of(folder: Path, **changes: object) -> Card:
    right = read_card("iresnet18").facts
    return write_card(folder, **right | {"name": "net", "file": "net.bin"} | changes)


def test_a_right_card_has_no_mistake(weights: Path) -> None:
    assert card_mistakes(card_of(weights.parent), weights) == []


@pytest.mark.parametrize(
    ("changes", "mistake"),
    [
        ({"embedding": 128}, "embedding is 128, the network has 512"),
        ({"input_size": [112, 96]}, "input_size is [112, 96], the network has [112, 112]"),
        ({"alignment": "dlib"}, "alignment is dlib, the network has insightface"),
        ({"grids": ["4x4x512", "7x7x512"]}, "the first of grids is 4x4x512, the network gives 7x7x512"),
    ],
)
def test_a_wrong_field_is_told(changes: dict[str, object], mistake: str, weights: Path) -> None:
    assert card_mistakes(card_of(weights.parent, **changes), weights) == [mistake]


def test_of_a_file_that_tells_of_no_network_nothing_is_said(tmp_path: Path) -> None:
    for content in (CONTENT, None):
        path = tmp_path / "net.bin"
        path.write_bytes(content) if content else torch.save({"some.weight": torch.ones(3)}, path)
        assert card_mistakes(card_of(tmp_path), path) == []


def test_weights_of_another_shape_are_refused(weights: Path) -> None:
    state = torch.load(weights, weights_only=True)
    torch.save(state | {"features.weight": torch.ones(7)}, weights)
    with pytest.raises(InputError, match=r"features\.weight"):
        card_mistakes(card_of(weights.parent), weights)
