from pathlib import Path

import pytest
import torch
from torch import nn

from fdemd.backbones import create_backbone
from fdemd.backbones.projection import Projection
from fdemd.errors import InputError
from tests.backbones.made_onnx import CONVOLVE, MULTIPLY, Node, write_network

LINEAR = [
    {"backbone": "facenet"},
    {"backbone": "mobilefacenet", "variant": "foamliu"},
    {"backbone": "mobilefacenet", "variant": "xiaoccer"},
    {"backbone": "sface"},
    {"backbone": "timm", "name": "resnet18", "head": "linear", "face_size": [64, 64]},
    {"backbone": "timm", "name": "resnet18", "head": "flatten", "face_size": [64, 64]},
]


@pytest.mark.parametrize("model", LINEAR, ids=lambda model: "-".join(str(value) for value in model.values()))
def test_projected_patches_add_up_to_the_embedding(model) -> None:
    torch.manual_seed(0)
    backbone = create_backbone(**{"checkpoint": "random", **model}).requires_grad_(False)
    for module in backbone.modules():  # as after training: not the identity that they begin as
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 2)
    features = backbone(torch.rand(3, 3, *backbone.face_size))
    projected = Projection(backbone, features)(features)
    shares = projected.patches.sum(1)
    cosine = nn.functional.cosine_similarity(shares, features.embedding)
    torch.testing.assert_close(cosine, torch.ones(3), atol=1e-5, rtol=0)
    if model["backbone"] != "facenet":  # its embedding has unit length
        torch.testing.assert_close(shares, features.embedding, atol=1e-4, rtol=1e-3)


@torch.inference_mode()
def test_an_onnx_network_has_shares_in_its_last_map_only(file: Path) -> None:
    rectify: Node = ("Relu", ["map"], ["rectified"], {})
    write_network(file, CONVOLVE, rectify, ("Flatten", ["rectified"], ["flat"], {}), MULTIPLY)
    faces = torch.rand(2, 3, 6, 4)
    backbone = create_backbone("onnx", checkpoint=str(file))
    features = backbone(faces)
    shares = Projection(backbone, features)(features).patches
    torch.testing.assert_close(shares.sum(1), features.embedding, atol=1e-4, rtol=1e-4)
    earlier = create_backbone("onnx", checkpoint=str(file), patches="map")
    with pytest.raises(InputError, match="not a linear function"):
        Projection(earlier, earlier(faces))


@torch.inference_mode()
def test_the_patches_of_the_default_network_have_no_share(dlib_net) -> None:
    with pytest.raises(InputError, match=r"use model\.grid=2 or rerank\.patches=raw\."):
        Projection(dlib_net, dlib_net(torch.rand(1, 3, 150, 150)))


@torch.inference_mode()
@pytest.mark.parametrize(("backbone", "grid", "instead"), [("arcface", 4, 8), ("arcface", 16, 8), ("cosface", 4, 7)])
def test_the_grid_that_has_shares_is_named(backbone: str, grid: int, instead: int) -> None:
    network = create_backbone(backbone, checkpoint="random", grid=grid)
    features = network(torch.rand(1, 3, *network.face_size))
    with pytest.raises(InputError, match=rf"use model\.grid={instead} or rerank\.patches=raw\."):
        Projection(network, features)


@torch.inference_mode()
def test_the_last_grid_of_dlibs_network_has() -> None:
    backbone = create_backbone("dlib", grid=2)
    features = backbone(torch.rand(2, 3, 150, 150))
    torch.testing.assert_close(Projection(backbone, features)(features).patches.sum(1), features.embedding)
