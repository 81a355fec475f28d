"""What tells one network from another."""

import copy

import torch
from torch import nn

from fdemd.backbones import Backbone
from fdemd.features import Features


class SmallNet(Backbone):
    face_size, alignment, weights_sha256 = (8, 8), "dlib", "a file"

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(2, 3)
        self.register_buffer("mean", torch.tensor(127.5), persistent=False)

    def forward(self, faces: torch.Tensor) -> Features:
        raise NotImplementedError


def test_a_fingerprint_is_that_of_weights_constants_and_file() -> None:
    network = SmallNet()
    other_weight, other_constant, other_file, half = (copy.deepcopy(network) for _ in range(4))
    with torch.no_grad():
        other_weight.fc.weight[0, 0] += 1e-6
    other_constant.mean.fill_(0)
    other_file.weights_sha256 = "another file"
    half.to(torch.bfloat16)
    assert copy.deepcopy(network).fingerprint() == network.fingerprint()
    networks = (network, other_weight, other_constant, other_file, half)
    assert len({each.fingerprint() for each in networks}) == len(networks)
