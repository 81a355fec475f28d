"""What networks in plain PyTorch share: the input of a model card, weights of a file, features of a map."""

import pytest
import torch
from torch import Tensor, nn

from fdemd.backbones.convnet import ConvNet, grid_features
from fdemd.checkpoints import read_card
from fdemd.features import Features


class Tiny(ConvNet):
    def __init__(self) -> None:
        super().__init__(read_card("facenet_vggface2"))
        self.layer = nn.Conv2d(3, 4, 16, 16)
        self.read("random")

    def extract(self, faces: Tensor) -> Features:
        patches = self.layer(faces)
        return grid_features(patches.mean((2, 3)), patches)


def test_patches_are_row_by_row() -> None:
    patches = torch.arange(24.0).view(1, 4, 2, 3)
    features = grid_features(torch.zeros(1, 5), patches)
    assert features.grid == (2, 3)
    assert torch.equal(features.patches[0, 4], patches[0, :, 1, 1])


def test_faces_are_normalised_as_the_card_says() -> None:
    network = Tiny()
    assert network.face_size == (160, 160)
    grey = torch.full((1, 3, 160, 160), 127.5 / 255)
    assert network.normalised(grey).abs().max() < 1e-4


def test_the_range_is_one_number_or_one_a_channel() -> None:
    network = Tiny()
    network.set_range([0, 100, 200], 50)
    torch.testing.assert_close(
        network.normalised(torch.full((1, 3, 2, 2), 100 / 255))[0, :, 0, 0], torch.tensor([2.0, 0.0, -2.0])
    )


def test_random_weights_are_those_of_the_seed() -> None:
    torch.manual_seed(1)
    one = Tiny()
    torch.manual_seed(1)
    other = Tiny()
    assert torch.equal(one.layer.weight, other.layer.weight)
    assert one.fingerprint() == other.fingerprint()
    with torch.no_grad():
        other.layer.weight[0, 0, 0, 0] += 1
    assert one.fingerprint() != other.fingerprint()


@pytest.mark.parametrize("count", [1, 3])
def test_features_have_a_row_a_face(count: int) -> None:
    assert len(Tiny()(torch.rand(count, 3, 160, 160))) == count
