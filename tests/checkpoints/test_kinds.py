"""Which kind of file and which model's: told by content and keys, and named where another model was asked for."""

from pathlib import Path

import pytest
import torch

from fdemd.backbones import create_backbone
from fdemd.checkpoints import installed_file, read_card
from fdemd.checkpoints.kinds import DLIB, ONNX, PYTORCH, SAFETENSORS, kind_of, model_of
from fdemd.errors import InputError

WEIGHTS = Path(__file__).resolve().parents[2] / "../shared/data/weights"
MODELS = {
    "model=arcface": {"backbone": "arcface"},
    "model=cosface": {"backbone": "cosface"},
    "model=facenet": {"backbone": "facenet"},
    "model=mobilefacenet model.variant=foamliu": {"backbone": "mobilefacenet", "variant": "foamliu"},
    "model=mobilefacenet model.variant=xiaoccer": {"backbone": "mobilefacenet", "variant": "xiaoccer"},
    "model=iresnet model.depth=18": {"backbone": "iresnet", "depth": 18},
    "model=iresnet model.depth=34": {"backbone": "iresnet", "depth": 34},
    "model=iresnet model.depth=50": {"backbone": "iresnet", "depth": 50},
    "model=iresnet model.depth=100": {"backbone": "iresnet", "depth": 100},
    "model=sface": {"backbone": "sface"},
    "model=timm": {"backbone": "timm", "name": "resnet18"},
}


@pytest.mark.parametrize("settings", MODELS)
def test_every_model_is_known_by_its_keys(settings: str) -> None:
    keys = create_backbone(**{"checkpoint": "random", **MODELS[settings]}).state_dict()
    assert model_of(keys) == settings
    assert model_of(f"module.backbone.{key}" for key in keys) == settings


def test_dlibs_network_once_finetuned_is_known(dlib_net) -> None:
    assert model_of(dlib_net.state_dict()) == "model=dlib"


def test_other_keys_belong_to_nobody() -> None:
    assert model_of(["fc.weight", "layer3.0.bn3.weight"]) is None


@pytest.mark.parametrize(
    ("given", "asked"),
    [
        ("model=mobilefacenet model.variant=xiaoccer", {"backbone": "mobilefacenet", "variant": "foamliu"}),
        ("model=mobilefacenet model.variant=foamliu", {"backbone": "mobilefacenet", "variant": "xiaoccer"}),
        ("model=iresnet model.depth=34", {"backbone": "iresnet", "depth": 18}),
        ("model=facenet", {"backbone": "dlib"}),
        ("model=arcface", {"backbone": "timm", "name": "resnet18"}),
    ],
)
def test_the_model_that_the_weights_belong_to_is_named(tmp_path: Path, given: str, asked: dict[str, object]) -> None:
    path = tmp_path / "a.pth"
    torch.save(create_backbone(**{"checkpoint": "random", **MODELS[given]}).state_dict(), path)
    with pytest.raises(InputError) as error:
        create_backbone(checkpoint=str(path), **asked)
    assert str(error.value).endswith(f"They look like those of {given}; use that.")


def test_a_part_of_the_right_weights_is_not_another_models(tmp_path: Path) -> None:
    weights = dict(create_backbone("mobilefacenet", checkpoint="random").state_dict())
    del weights["bn.weight"]
    torch.save(weights, tmp_path / "a.pth")
    with pytest.raises(
        InputError, match=r"missing: bn\.weight\. Choose the model that they were trained with, or another"
    ):
        create_backbone("mobilefacenet", checkpoint=str(tmp_path / "a.pth"))


@pytest.mark.skipif(not WEIGHTS.is_dir(), reason="the published weights are not beside the repository")
@pytest.mark.parametrize("model", ["facenet", "dlib", "iresnet", "timm"])
def test_an_onnx_file_given_to_another_model(model: str) -> None:
    settings = {"name": "resnet18"} if model == "timm" else {}
    with pytest.raises(InputError, match=r"w600k_mbf\.onnx is an ONNX network, .*; use it with model=onnx\.$"):
        create_backbone(model, checkpoint=str(WEIGHTS / "w600k_mbf.onnx"), **settings)


@pytest.mark.parametrize("model", ["facenet", "onnx"])
def test_dlibs_file_given_to_another_model(model: str) -> None:
    with pytest.raises(InputError, match=r"is a network of dlib's, .*; use it with model=dlib\.$"):
        create_backbone(model, checkpoint=str(installed_file(read_card("dlib"))))


@pytest.mark.skipif(not WEIGHTS.is_dir(), reason="the published weights are not beside the repository")
def test_kinds_of_published_files() -> None:
    kinds = {path.name: kind_of(path) for path in WEIGHTS.iterdir() if path.is_file()}
    assert kinds["w600k_mbf.onnx"] == ONNX
    assert kinds["facenet_20180402-114759_vggface2_fp16.safetensors"] == SAFETENSORS
    assert kinds["mobilefacenet_foamliu.pt"] == kinds["mobilefacenet_xiaoccer_068.ckpt"] == PYTORCH
    assert kind_of(installed_file(read_card("dlib"))) == DLIB


def test_a_file_of_no_kind(tmp_path: Path) -> None:
    path = tmp_path / "a"
    for content in (b"", b"\x08", b"\x08\x06", b"<html>", bytes(100)):
        path.write_bytes(content)
        assert kind_of(path) is None
    torch.save({"fc": torch.ones(1)}, path)
    assert kind_of(path) == PYTORCH
