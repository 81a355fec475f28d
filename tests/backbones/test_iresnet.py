"""InsightFace's ResNets: the published layout, their input and a round trip of weights."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch

from fdemd.backbones import create_backbone
from fdemd.backbones.iresnet import IResNet
from fdemd.errors import InputError
from fdemd.features import Features

BATCH_NORM = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")


def norm(name: str, channels: int) -> Iterator[tuple[str, tuple[int, ...]]]:
    for field in BATCH_NORM:
        yield f"{name}.{field}", () if field == "num_batches_tracked" else (channels,)


def published_layout(blocks: tuple[int, int, int, int]) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Keys and shapes of arcface_torch's ``backbone.pth``, in the file's order."""
    yield "conv1.weight", (64, 3, 3, 3)
    yield from norm("bn1", 64)
    yield "prelu.weight", (64,)
    before = 64
    for layer, (channels, count) in enumerate(zip((64, 128, 256, 512), blocks, strict=True), start=1):
        for number in range(count):
            block = f"layer{layer}.{number}"
            yield from norm(f"{block}.bn1", before)
            yield f"{block}.conv1.weight", (channels, before, 3, 3)
            yield from norm(f"{block}.bn2", channels)
            yield f"{block}.prelu.weight", (channels,)
            yield f"{block}.conv2.weight", (channels, channels, 3, 3)
            yield from norm(f"{block}.bn3", channels)
            if number == 0:
                yield f"{block}.downsample.0.weight", (channels, before, 1, 1)
                yield from norm(f"{block}.downsample.1", channels)
            before = channels
    yield from norm("bn2", 512)
    yield "fc.weight", (512, 25088)
    yield "fc.bias", (512,)
    yield from norm("features", 512)


@pytest.mark.parametrize(
    ("depth", "blocks", "millions"),
    [(18, (2, 2, 2, 2), 24.03), (34, (3, 4, 6, 3), 34.14), (50, (3, 4, 14, 3), 43.59), (100, (3, 13, 30, 3), 65.16)],
)
def test_keys_shapes_and_size_are_those_of_arcface_torch(
    depth: int, blocks: tuple[int, int, int, int], millions: float
) -> None:
    with torch.device("meta"):
        network = IResNet("random", depth)
    assert [(key, tuple(value.shape)) for key, value in network.state_dict().items()] == [*published_layout(blocks)]
    assert sum(parameter.numel() for parameter in network.parameters()) / 1e6 == pytest.approx(millions, abs=0.005)


def test_weights_of_one_network_give_another_the_same_features(
    tmp_path: Path, on_card: Callable[[str, Features], bool]
) -> None:
    network = create_backbone("iresnet", checkpoint="random", depth=18)
    path = tmp_path / "backbone.pth"
    torch.save(network.state_dict(), path)
    loaded = create_backbone("iresnet", checkpoint=str(path), depth=18)
    faces = torch.rand(2, 3, 112, 112)
    with torch.inference_mode():
        expected, found = network(faces), loaded(faces)
    assert on_card("iresnet18", expected)
    assert expected.grid == (7, 7)
    assert expected.patches.shape == (2, 49, 512)
    torch.testing.assert_close(found.embedding, expected.embedding)
    torch.testing.assert_close(found.patches, expected.patches)


def test_patches_are_what_the_embedding_is_made_of() -> None:
    network = IResNet("random", 18).eval()
    with torch.inference_mode():
        features = network(torch.rand(2, 3, 112, 112))
        flat = features.patches.mT.flatten(1)  # channel by channel, as the linear layer reads the map
        torch.testing.assert_close(network.features(network.fc(flat)), features.embedding)


def test_a_step_of_training_moves_all_weights_but_the_fixed_scale() -> None:
    network = IResNet("random", 18).train()
    features = network(torch.rand(2, 3, 112, 112))
    (features.embedding.square().sum() + features.patches.square().sum()).backward()
    without = [name for name, parameter in network.named_parameters() if parameter.grad is None]
    assert without == ["features.weight"]


def test_faces_go_in_from_minus_one_to_one_in_their_own_colours() -> None:
    network = IResNet("random", 18)
    blue = torch.zeros(1, 3, 112, 112)
    blue[:, 2] = 1
    assert network.normalised(blue)[0, :, 0, 0].tolist() == [-1, -1, 1]


def test_weights_of_another_depth_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "backbone.pth"
    torch.save(IResNet("random", 18).state_dict(), path)
    with pytest.raises(InputError, match=r"backbone\.pth are not those of IResNet: missing: layer1\.2\.bn1\.weight"):
        IResNet(str(path), depth=34)


def test_an_unknown_depth_is_refused() -> None:
    with pytest.raises(InputError, match="Unknown depth of iresnet '101'"):
        IResNet("random", depth=101)
