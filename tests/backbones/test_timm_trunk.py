"""Trunks of timm: without a classifier, for the size asked for, and nothing is ever downloaded."""

import pytest
import torch

from fdemd.backbones.timm_trunk import cached_weights, unfit, untrained_trunk
from fdemd.errors import InputError


def test_a_trunk_has_no_classifier() -> None:
    trunk = untrained_trunk("resnet18", None).eval()
    with torch.inference_mode():
        assert trunk(torch.rand(1, 3, 64, 64)).shape == (1, 512)


def test_a_network_with_positions_is_built_for_its_size() -> None:
    trunk = untrained_trunk("vit_small_patch16_224", (112, 96))
    assert trunk.patch_embed.grid_size == (7, 6)


def test_a_size_that_a_network_cannot_take_is_a_sentence() -> None:
    sentence = str(unfit("vit", (100, 90), ValueError("Input size (100x90)\n  is odd.")))
    assert sentence == (
        "The timm model vit cannot be built for faces of 100x90 pixels: Input size (100x90) is odd. Set "
        "model.face_size=[HEIGHT,WIDTH] to sides that it can divide, or null for its own."
    )


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("resnet18x", r"has no model 'resnet18x' \(did you mean resnet"),
        ("resnet18.nobody", "has no model 'resnet18.nobody'"),
        ("resnet18.a1_in1k", r"are not in its download cache.*create_model\('resnet18.a1_in1k', pretrained=True\)"),
    ],
)
def test_weights_that_are_not_here_are_a_sentence(
    name: str, sentence: str, monkeypatch: pytest.MonkeyPatch, tmp_path
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(InputError, match=sentence):
        cached_weights(name)
