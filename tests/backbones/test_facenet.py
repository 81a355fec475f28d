"""FaceNet of the paper: its keys, its numbers, its two preprocessings and its real weights."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from fdemd.backbones.facenet import FaceNet
from fdemd.errors import InputError
from fdemd.features import Features

WEIGHTS = "data/weights/facenet_20180402-114759_vggface2_fp16.safetensors"


@pytest.fixture(scope="module")
def network() -> FaceNet:
    torch.manual_seed(0)
    return FaceNet("random").eval()


def test_keys_and_shapes_are_those_of_the_published_checkpoint(network: FaceNet, golden: Callable[..., Any]) -> None:
    shapes = {key: list(value.shape) for key, value in network.state_dict().items()}
    classes = {"logits.weight": [8631, 512], "logits.bias": [8631]}
    assert shapes | classes == golden("facenet_inception_resnet_v1", (3, 160, 160)).shapes


def test_embedding_and_patches_are_those_of_the_published_code(
    fill: Callable[[FaceNet], None], golden: Callable[..., Any]
) -> None:
    network, expected = FaceNet("random").eval(), golden("facenet_inception_resnet_v1", (3, 160, 160))
    fill(network)
    with torch.inference_mode():
        expected.check(network.extract(expected.inputs))


def test_output(network: FaceNet, on_card: Callable[[str, Features], bool]) -> None:
    with torch.inference_mode():
        features = network(torch.rand(2, 3, 160, 160))
    assert (features.grid, features.patches.shape) == ((3, 3), (2, 9, 1792))
    assert on_card("facenet_vggface2", features)
    torch.testing.assert_close(features.embedding.norm(dim=1), torch.ones(2))


def test_the_two_preprocessings_differ_in_range_and_alignment(network: FaceNet) -> None:
    white = torch.ones(1, 3, 160, 160)
    assert network.normalised(white).unique().tolist() == [127.5 / 128]
    assert network.alignment == "box_160"
    paper = FaceNet("random", preprocessing="paper")
    assert paper.normalised(white).unique().tolist() == [1]
    assert paper.normalised(white * 0).unique().tolist() == [0]
    assert paper.alignment == "paper_160"


def test_an_unknown_preprocessing_is_refused() -> None:
    with pytest.raises(InputError, match=r"Unknown preprocessing of facenet 'papr' \(did you mean paper\?\)"):
        FaceNet("random", preprocessing="papr")


def test_the_classes_of_the_training_set_may_be_in_the_file(network: FaceNet, tmp_path: Path) -> None:
    path = tmp_path / "with logits.safetensors"
    classes = {"logits.weight": torch.zeros(8631, 512), "logits.bias": torch.zeros(8631)}
    save_file({key: value.contiguous().half() for key, value in (network.state_dict() | classes).items()}, path)
    loaded = FaceNet(str(path)).state_dict()
    assert not any(key.startswith("logits") for key in loaded)
    torch.testing.assert_close(
        loaded["last_linear.weight"], network.state_dict()["last_linear.weight"], rtol=1e-3, atol=1e-4
    )


def test_real_weights_tell_people_apart(shared: Path, tells_people_apart: Callable[[FaceNet], bool]) -> None:
    network = FaceNet(str(shared / WEIGHTS)).eval()
    assert {parameter.dtype for parameter in network.parameters()} == {torch.float32}
    assert tells_people_apart(network)
