"""ArcFace of the paper: its keys, its numbers, its grey input and its grids."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch

from fdemd.backbones.arcface import ArcFace
from fdemd.errors import InputError
from fdemd.features import Features


@pytest.fixture(scope="module")
def network() -> ArcFace:
    torch.manual_seed(0)
    network = ArcFace("random")
    return network.eval()


def test_keys_and_shapes_are_those_of_the_published_checkpoint(network: ArcFace, golden: Callable[..., Any]) -> None:
    shapes = {key: list(value.shape) for key, value in network.state_dict().items()}
    assert shapes == golden("arcface_resnet18", (1, 128, 128)).shapes


def test_embedding_and_patches_are_those_of_the_published_code(
    fill: Callable[[ArcFace], None], golden: Callable[..., Any]
) -> None:
    network, expected = ArcFace("random").eval(), golden("arcface_resnet18", (1, 128, 128))
    fill(network)
    with torch.inference_mode():
        expected.check(network.extract(expected.inputs))


def test_faces_become_grey_as_opencv_makes_them() -> None:
    network = ArcFace("random")
    image = np.random.default_rng(0).integers(0, 256, (128, 128, 3), dtype=np.uint8)
    inputs = network.normalised(torch.from_numpy(image).permute(2, 0, 1)[None].float() / 255)
    grey = inputs[0, 0].numpy() * 127.5 + 127.5
    assert inputs.shape == (1, 1, 128, 128)
    # OpenCV rounds to whole grey levels.
    assert np.abs(grey - cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)).max() < 0.51


def test_grids_of_one_network_belong_together(
    network: ArcFace, monkeypatch: pytest.MonkeyPatch, on_card: Callable[[str, Features], bool]
) -> None:
    faces = torch.rand(2, 3, 128, 128)
    found = {}
    for grid in (8, 4, 16):
        monkeypatch.setattr(network, "_grid", grid)
        with torch.inference_mode():
            found[grid] = network(faces)
    shapes = {grid: (features.grid, features.patches.shape) for grid, features in found.items()}
    assert shapes == {8: ((8, 8), (2, 64, 512)), 4: ((4, 4), (2, 16, 512)), 16: ((16, 16), (2, 256, 256))}
    assert all(on_card("arcface_resnet18", features) for features in found.values())
    first_cell = found[8].patches[:, [0, 1, 8, 9]].mean(1)
    torch.testing.assert_close(found[4].patches[:, 0], first_cell)
    torch.testing.assert_close(found[16].embedding, found[8].embedding)


def test_a_checkpoint_of_data_parallel_training_loads(network: ArcFace, tmp_path: Path) -> None:
    path = tmp_path / "resnet18_110.pth"
    torch.save({f"module.{key}": value for key, value in network.state_dict().items()}, path)
    loaded = ArcFace(str(path)).eval()
    faces = torch.rand(1, 3, 128, 128)
    with torch.inference_mode():
        torch.testing.assert_close(loaded(faces).embedding, network(faces).embedding)
    assert loaded.weights_sha256 != "random"


def test_an_unknown_grid_is_refused() -> None:
    with pytest.raises(InputError, match=r"Unknown grid of arcface '5'.*choose one of 16, 4, 8"):
        ArcFace("random", grid=5)
