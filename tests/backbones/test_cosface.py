"""CosFace of the paper: its keys, its numbers, its input and its grids."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from fdemd.backbones import create_backbone
from fdemd.backbones.cosface import CosFace
from fdemd.errors import InputError
from fdemd.features import Features


@pytest.fixture
def network() -> CosFace:
    return CosFace("random").eval()


def test_keys_and_shapes_are_those_of_the_published_checkpoint(network: CosFace, golden: Callable[..., Any]) -> None:
    shapes = {key: list(value.shape) for key, value in network.state_dict().items()}
    assert shapes == golden("cosface_sphere20", (3, 112, 96)).shapes


def test_embedding_and_patches_are_those_of_the_published_code(
    network: CosFace, fill: Callable[[CosFace], None], golden: Callable[..., Any]
) -> None:
    expected = golden("cosface_sphere20", (3, 112, 96))
    fill(network)
    with torch.inference_mode():
        expected.check(network.extract(expected.inputs))


def test_faces_go_in_from_minus_one_to_one_in_their_own_colours(network: CosFace) -> None:
    red = torch.zeros(1, 3, *network.face_size)
    red[:, 0] = 1
    assert network.normalised(red)[0, :, 0, 0].tolist() == [1, -1, -1]


def test_grids(network: CosFace, on_card: Callable[[str, Features], bool]) -> None:
    faces = torch.rand(2, 3, 112, 96)
    four = CosFace("random", grid=4).eval()
    four.load_state_dict(network.state_dict())
    with torch.inference_mode():
        own, coarse = network(faces), four(faces)
    assert (own.grid, own.patches.shape) == ((7, 6), (2, 42, 512))
    assert (coarse.grid, coarse.patches.shape) == ((4, 4), (2, 16, 512))
    assert on_card("cosface_sphere20", own)
    assert on_card("cosface_sphere20", coarse)
    # Adaptive pooling of 7x6 to 4x4: the first window covers rows 0-1 and columns 0-1.
    torch.testing.assert_close(coarse.patches[:, 0], own.patches[:, [0, 1, 6, 7]].mean(1))


def test_an_unknown_grid_is_refused() -> None:
    with pytest.raises(InputError, match=r"Unknown grid of cosface '8'.*choose one of 4, 7"):
        CosFace("random", grid=8)


def test_weights_of_another_network_are_refused(network: CosFace, tmp_path: Path) -> None:
    path = tmp_path / "cosface.pth"
    torch.save(network.state_dict(), path)
    with pytest.raises(InputError, match=r"cosface\.pth are not those of IResNet: missing: conv1\.weight"):
        create_backbone("iresnet", checkpoint=str(path), depth=18)
