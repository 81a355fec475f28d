"""MobileFaceNet: both published files, their input and their patches."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from fdemd.backbones.convnet import ConvNet
from fdemd.backbones.mobilefacenet import mobilefacenet
from fdemd.errors import InputError
from fdemd.features import Features

FILES = {"foamliu": "mobilefacenet_foamliu.pt", "xiaoccer": "mobilefacenet_xiaoccer_068.ckpt"}
VARIANTS = tuple(FILES)


def build(variant: str) -> ConvNet:
    return mobilefacenet("random", variant).eval()


def same_weights(a: ConvNet, b: ConvNet) -> bool:
    return all(torch.equal(x, y) for x, y in zip(a.parameters(), b.parameters(), strict=True))


@pytest.mark.parametrize(("variant", "grid"), [("foamliu", (7, 7)), ("xiaoccer", (7, 6))])
def test_patches_are_the_map_before_the_depthwise_head(
    variant: str, grid: tuple[int, int], on_card: Callable[[str, Features], bool]
) -> None:
    network = build(variant)
    with torch.inference_mode():
        features = network(torch.rand(2, 3, *network.face_size))
    assert features.grid == grid
    assert features.patches.shape == (2, grid[0] * grid[1], 512)
    assert features.embedding.shape == (2, 128)
    assert on_card(f"mobilefacenet_{variant}", features)
    # A ReLU6 ends foamliu's map, a PReLU the other.
    assert (features.patches.min() >= 0) == (variant == "foamliu")


@pytest.mark.parametrize(
    ("variant", "black", "white"),
    [
        # Mean and deviation of ImageNet.
        ("foamliu", [-0.485 / 0.229, -0.456 / 0.224, -0.406 / 0.225], [0.515 / 0.229, 0.544 / 0.224, 0.594 / 0.225]),
        ("xiaoccer", [-127.5 / 128] * 3, [127.5 / 128] * 3),
    ],
)
def test_normalisation(variant: str, black: list[float], white: list[float]) -> None:
    network = build(variant)
    for level, expected in ((0.0, black), (1.0, white)):
        inputs = network.normalised(torch.full((1, 3, *network.face_size), level))
        assert inputs[0, :, 0, 0].tolist() == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("variant", VARIANTS)
def test_real_weights_tell_people_apart(
    variant: str, shared: Path, tells_people_apart: Callable[[ConvNet], bool]
) -> None:
    network = mobilefacenet(str(shared / "data" / "weights" / FILES[variant]), variant).eval()
    assert tells_people_apart(network)


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_file_of_the_other_variant_is_refused(variant: str, tmp_path: Path) -> None:
    path = tmp_path / "other.pt"
    (other,) = {*VARIANTS} - {variant}
    torch.save(build(other).state_dict(), path)
    with pytest.raises(InputError, match=r"other\.pt are not those of"):
        mobilefacenet(str(path), variant)


def test_random_weights_follow_the_seed() -> None:
    torch.manual_seed(3)
    first = build("foamliu")
    torch.manual_seed(3)
    second = build("foamliu")
    assert first.weights_sha256 == "random"
    assert same_weights(first, second)
    assert not same_weights(first, build("foamliu"))


def test_an_unknown_variant_is_refused() -> None:
    with pytest.raises(InputError, match=r"Unknown variant of mobilefacenet 'foamlu' \(did you mean foamliu\?\)"):
        mobilefacenet("random", "foamlu")
