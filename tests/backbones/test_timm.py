"""Networks of timm: where their patches are, what they are fed with, that they learn, and which files they refuse."""

from pathlib import Path
from typing import Any

import pytest
import timm
import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from fdemd.backbones import create_backbone
from fdemd.backbones.timm import TimmBackbone
from fdemd.errors import InputError

SMALL = "test_vit"
"""A vision transformer of timm's own tests: 160x160, patches of 16x16, 64 channels."""

QKV = "blocks.0.attn.qkv.weight"


@pytest.fixture(autouse=True)
def seeded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A fixed initialisation, and a download cache with nothing in it."""
    torch.manual_seed(0)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))


def cache_weights(hub: Path, repository: str, weights: dict[str, Tensor]) -> Path:
    """Lay a file where a download would have put it."""
    folder = hub / f"models--{repository.replace('/', '--')}"
    file = folder / "snapshots" / "0123" / "model.safetensors"
    file.parent.mkdir(parents=True)
    (folder / "refs").mkdir()
    (folder / "refs" / "main").write_text("0123")
    save_file(weights, file)
    return file


@pytest.mark.parametrize(
    ("name", "size", "grid", "channels"),
    [
        ("resnet18", (112, 96), (4, 3), 512),
        ("convnext_tiny", (64, 64), (2, 2), 768),
        ("mobilenetv3_large_100", (112, 112), (4, 4), 960),
        ("vit_small_patch16_224", (112, 96), (7, 6), 384),
        ("swin_tiny_patch4_window7_224", (112, 112), (4, 4), 768),  # maps with the channels last
        ("deit_tiny_distilled_patch16_224", (64, 64), (4, 4), 192),  # two tokens that are no patch
    ],
)
def test_patches_are_the_last_map_and_one_step_trains_the_network(
    name: str, size: tuple[int, int], grid: tuple[int, int], channels: int
) -> None:
    network = create_backbone("timm", name=name, face_size=size, embedding=8).train()
    trained = {key: value for key, value in network.named_parameters() if value.requires_grad}
    before = {key: value.detach().clone() for key, value in trained.items()}
    optimizer = torch.optim.SGD(trained.values(), lr=0.1)

    found = network(torch.rand(2, 3, *size))
    cross_entropy(found.embedding, torch.tensor([3, 5])).backward()
    optimizer.step()

    assert network.face_size == size
    assert found.grid == grid
    assert found.patches.shape == (2, grid[0] * grid[1], channels)
    assert found.embedding.shape == (2, 8)
    assert all(value.grad is not None for value in trained.values())
    changed = {key for key, value in trained.items() if not value.equal(before[key])}
    assert {next(iter(trained)), "head.2.weight"} <= changed  # the very first layer and the head


def test_patches_of_a_cnn_are_its_map_row_by_row() -> None:
    network = TimmBackbone("resnet18", face_size=(96, 64), head="pool").eval()
    faces = torch.rand(1, 3, 96, 64)
    with torch.no_grad():
        found = network(faces)
        mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
        expected = network.trunk.forward_features((faces - mean.view(3, 1, 1)) / std.view(3, 1, 1))
    assert found.grid == (3, 2)
    torch.testing.assert_close(found.patches[0, 2 * 1 + 1], expected[0, :, 1, 1])
    torch.testing.assert_close(found.embedding, expected.mean((2, 3)))


def test_a_vision_transformer_is_fed_with_its_own_range_and_gives_no_class_token() -> None:
    network = TimmBackbone("vit_small_patch16_224", face_size=(32, 32), head="pool")
    assert network.mean.flatten().tolist() == [0.5] * 3  # not ImageNet's
    faces = torch.rand(1, 3, 32, 32)
    with torch.no_grad():
        tokens = network.trunk.forward_features(faces * 2 - 1)
        torch.testing.assert_close(network(faces).patches, tokens[:, 1:])


def test_own_size_is_that_of_timms_weights_and_a_cnn_takes_any() -> None:
    network = create_backbone("timm", name="resnet18")
    assert network.face_size == (224, 224)
    assert network(torch.rand(1, 3, 64, 96)).grid == (2, 3)


@pytest.mark.parametrize(("head", "numbers"), [("pool", 64), ("linear", 8), ("flatten", 8)])
def test_heads(head: str, numbers: int) -> None:
    network = TimmBackbone(SMALL, face_size=(32, 32), head=head, embedding=8)
    found = network(torch.rand(3, 3, 32, 32))
    assert found.embedding.shape == (3, numbers)
    if head == "pool":
        torch.testing.assert_close(found.embedding, found.centre)
    if head == "flatten":  # as in ArcFace: which patch is where matters
        weights = [layer.weight.shape for layer in network.head.modules() if isinstance(layer, nn.Linear)]
        assert weights == [(8, 4 * 64)]


def test_layers_behind_the_last_map_are_frozen() -> None:
    network = create_backbone("timm", name="mobilenetv3_large_100", face_size=(32, 32))
    frozen = [key for key, value in network.named_parameters() if not value.requires_grad]
    assert frozen == ["trunk.conv_head.weight", "trunk.conv_head.bias"]


def test_a_whole_file_gives_the_same_network_again(tmp_path: Path) -> None:
    settings: dict[str, Any] = {"name": SMALL, "face_size": (32, 32), "embedding": 8}
    network, faces = create_backbone("timm", **settings), torch.rand(2, 3, 32, 32)
    file = tmp_path / "trained.safetensors"
    save_file({f"module.{key}": value.contiguous() for key, value in network.state_dict().items()}, file)
    again = create_backbone("timm", **settings, checkpoint=str(file))
    torch.testing.assert_close(again(faces).embedding, network(faces).embedding)
    assert again.weights_sha256 != network.weights_sha256 == "random"


def test_a_file_of_timm_fills_the_trunk_whatever_its_classifier(tmp_path: Path) -> None:
    source = timm.create_model(SMALL, num_classes=7)
    save_file(source.state_dict(), tmp_path / "timm.safetensors")
    network = TimmBackbone(SMALL, checkpoint=str(tmp_path / "timm.safetensors"))
    torch.testing.assert_close(network.trunk.state_dict()["norm.weight"], source.state_dict()["norm.weight"])
    torch.testing.assert_close(network.trunk.state_dict()[QKV], source.state_dict()[QKV])


def test_pretrained_takes_the_downloaded_file_and_resamples_positions(tmp_path: Path) -> None:
    source = timm.create_model(SMALL)
    file = cache_weights(tmp_path / "hub", "timm/test_vit.r160_in1k", source.state_dict())
    network = TimmBackbone(SMALL, checkpoint="pretrained", face_size=(80, 80), head="pool")
    torch.testing.assert_close(network.trunk.state_dict()[QKV], source.state_dict()[QKV])
    assert network(torch.rand(1, 3, 80, 80)).grid == (5, 5)
    assert len(network.weights_sha256) == 64
    assert file.is_file()


def test_pretrained_without_a_download_says_what_to_do() -> None:
    with pytest.raises(InputError, match=r"not in its download cache\. With a network, run once: .*timm/test_vit"):
        TimmBackbone(SMALL, checkpoint="pretrained")


def test_pretrained_refuses_a_file_that_lacks_weights(tmp_path: Path) -> None:
    weights = timm.create_model(SMALL).state_dict()
    del weights["norm.weight"]
    cache_weights(tmp_path / "hub", "timm/test_vit.r160_in1k", weights)
    with pytest.raises(InputError, match=r"does not hold timm's weights of test_vit: .*norm\.weight"):
        TimmBackbone(SMALL, checkpoint="pretrained")


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"name": "resnet81"}, r"no model 'resnet81' \(did you mean .*resnet18"),
        ({"name": "resnet18.nobody"}, r"no model 'resnet18.nobody' \(did you mean"),
        ({"name": "hf-hub:someone/something"}, "no model 'hf-hub:someone/something'"),
        ({"name": SMALL, "head": "mean"}, "Unknown head 'mean'"),
        ({"name": SMALL, "face_size": (8, 8)}, "test_vit cannot be built for faces of 8x8 pixels"),
        ({"name": SMALL, "checkpoint": "nowhere.pth"}, r"nowhere\.pth does not exist"),
    ],
)
def test_mistakes_are_told_in_a_sentence(settings: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        TimmBackbone(**settings)


def test_a_file_of_another_network_is_refused(tmp_path: Path) -> None:
    save_file(timm.create_model("test_resnet").state_dict(), tmp_path / "other.safetensors")
    with pytest.raises(InputError, match=r"other\.safetensors are not those of VisionTransformer: missing: cls_token"):
        TimmBackbone(SMALL, checkpoint=str(tmp_path / "other.safetensors"))
