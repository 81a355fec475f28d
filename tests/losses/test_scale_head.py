"""The scale head of ScaleFace: its scales, and that it is read back from a checkpoint."""

from pathlib import Path
from typing import Any

import pytest
import torch

from fdemd.checkpoints.training_state import PlainCheckpoints
from fdemd.errors import InputError
from fdemd.losses import ScaleHead
from fdemd.losses.scale_head import read_scale_head

PATCHES, CHANNELS = 4, 3


def test_every_face_has_a_scale_between_0_and_the_limit_in_the_order_of_its_logit() -> None:
    head = ScaleHead(PATCHES * CHANNELS, hidden=7, limit=32).eval()
    patches = torch.randn(50, PATCHES, CHANNELS)
    logit, scale = head.logit(patches), head(patches)
    torch.testing.assert_close(scale, 32 * logit.sigmoid())
    assert torch.equal(logit.argsort(), scale.argsort())
    assert ((scale > 0) & (scale < 32)).all()
    assert [tuple(parameter.shape) for parameter in head.parameters()] == [(7, 12), (1, 7)], "no biases, no norm's own"


@pytest.mark.parametrize(
    ("change", "sentence"),
    [({"limit": 0.0}, r"limit is 0\.0; it must be above 0"), ({"hidden": 0}, "hidden is 0; it must be 1 or more")],
)
def test_mistakes_are_told_in_a_sentence(change: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        ScaleHead(12, **{"limit": 64.0, "hidden": 7} | change)


def save(weights: dict[str, torch.Tensor], path: Path) -> Path:
    """A checkpoint of a training with these weights."""
    PlainCheckpoints().save_checkpoint({"state_dict": weights, "loops": {}, "fdemd": {}}, path)
    return path


def test_it_is_read_back_from_a_checkpoint_as_it_was(tmp_path: Path) -> None:
    head = ScaleHead(PATCHES * CHANNELS, hidden=7, limit=32)
    head(torch.randn(20, PATCHES, CHANNELS))  # gives its norm statistics
    weights = {f"criterion.scale_head.{name}": value for name, value in head.state_dict().items()}
    read = read_scale_head(save(weights | {"backbone.weight": torch.zeros(2)}, tmp_path / "last.ckpt"))
    assert not read.training
    assert read.state_dict().keys() == head.state_dict().keys()
    assert all(torch.equal(value, head.state_dict()[name]) for name, value in read.state_dict().items())


def test_a_checkpoint_of_another_loss_has_none(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="has no scale head; give a checkpoint of"):
        read_scale_head(save({"criterion.head.weight": torch.zeros(2, 3)}, tmp_path / "last.ckpt"))
