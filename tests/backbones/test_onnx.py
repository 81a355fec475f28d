"""ONNX files of face networks: which tensor gives the patches, what the network is fed with, what is refused."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn.functional import conv2d

from fdemd.backbones.onnx import OnnxBackbone
from fdemd.errors import InputError

onnx = pytest.importorskip("onnx", reason="the extra onnx is not installed")
onnxruntime = pytest.importorskip("onnxruntime", reason="the extra onnx is not installed")
helper, numpy_helper = onnx.helper, onnx.numpy_helper

W600K = Path(__file__).resolve().parents[2] / "../shared/data/weights/w600k_mbf.onnx"
FILTERS = np.random.default_rng(0).standard_normal((4, 3, 3, 3)).astype(np.float32)
MATRIX = np.random.default_rng(1).standard_normal((4 * 3 * 2, 5)).astype(np.float32)
Node = tuple[str, list[str], list[str], dict[str, Any]]
CONVOLVE: Node = ("Conv", ["faces", "filters"], ["map"], {"strides": [2, 2], "pads": [1, 1, 1, 1]})
FLATTEN: Node = ("Flatten", ["map"], ["flat"], {})
MULTIPLY: Node = ("MatMul", ["flat", "matrix"], ["embedding"], {})


def write_network(
    path: Path,
    *nodes: Node,
    shape: tuple[str | int, ...] = ("N", 3, 6, 4),
    opset: int = 17,
    **weights: np.ndarray,
) -> str:
    """Write faces of 6x4 pixels -> map of 4x3x2 -> embedding of 5 numbers, or the given nodes in its place."""
    arrays = {"filters": FILTERS, "matrix": MATRIX, **weights}
    graph = helper.make_graph(
        [helper.make_node(kind, into, out, **settings) for kind, into, out, settings in nodes or DEFAULT],
        "face network",
        [helper.make_tensor_value_info("faces", onnx.TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("embedding", onnx.TensorProto.FLOAT, None)],
        [numpy_helper.from_array(array, name) for name, array in arrays.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    path.write_bytes(model.SerializeToString())
    return str(path)


DEFAULT = (CONVOLVE, FLATTEN, MULTIPLY)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "network.onnx"


def test_embedding_and_patches_are_those_of_the_network(file: Path) -> None:
    network = OnnxBackbone(write_network(file))
    faces = torch.rand(7, 3, 6, 4, requires_grad=True)
    found = network(faces)
    maps = conv2d((faces.detach() * 255 - 127.5) / 127.5, torch.from_numpy(FILTERS), stride=2, padding=1)
    assert network.face_size == (6, 4)
    assert (found.patches.shape, found.grid) == ((7, 6, 4), (3, 2))
    torch.testing.assert_close(found.patches[:, 2 * 1 + 1], maps[:, :, 1, 1])
    torch.testing.assert_close(found.embedding, maps.flatten(1) @ torch.from_numpy(MATRIX))
    assert not found.embedding.requires_grad
    assert not list(network.parameters())


@pytest.mark.parametrize(
    "head",
    [
        (FLATTEN, MULTIPLY),
        # Globally pooled; the pooled 4x1x1 is no map.
        (
            ("GlobalAveragePool", ["map"], ["pooled"], {}),
            ("Flatten", ["pooled"], ["flat"], {}),
            ("Gemm", ["flat", "small"], ["embedding"], {}),
        ),
        # Channels moved to the end before the flatten, as converters from TensorFlow do: the same map.
        (("Transpose", ["map"], ["moved"], {"perm": [0, 2, 3, 1]}), ("Flatten", ["moved"], ["flat"], {}), MULTIPLY),
        # A later map that the embedding does not depend on.
        (FLATTEN, MULTIPLY, ("Relu", ["map"], ["aside"], {})),
    ],
    ids=["flattened", "pooled", "transposed", "aside"],
)
def test_patches_are_the_last_map_before_it_is_flattened_or_pooled(file: Path, head: tuple[Node, ...]) -> None:
    by_name = OnnxBackbone(write_network(file, CONVOLVE, *head, small=MATRIX[:4]), patches="map")
    faces = torch.rand(2, 3, 6, 4)
    torch.testing.assert_close(OnnxBackbone(str(file))(faces).patches, by_name(faces).patches)


def test_an_earlier_map_can_be_named(file: Path) -> None:
    rectify: Node = ("Relu", ["map"], ["rectified"], {})
    write_network(file, CONVOLVE, rectify, ("Flatten", ["rectified"], ["flat"], {}), MULTIPLY)
    faces = torch.rand(2, 3, 6, 4)
    earlier, last = OnnxBackbone(str(file), patches="map")(faces), OnnxBackbone(str(file))(faces)
    assert earlier.patches.min() < 0
    torch.testing.assert_close(earlier.patches.relu(), last.patches)
    with pytest.raises(InputError, match=r"no map 'flat' .* last maps are rectified \(4x3x2\), map \(4x3x2\)\."):
        OnnxBackbone(str(file), patches="flat")


def test_a_file_for_one_face_at_a_time_gives_the_same(file: Path) -> None:
    many = OnnxBackbone(write_network(file))
    faces = torch.rand(3, 3, 6, 4)
    declared = OnnxBackbone(write_network(file.with_name("declared.onnx"), shape=(1, 3, 6, 4)))
    # Promises any number of faces, but a constant that its exporter left makes one face of all numbers.
    reshape: Node = ("Reshape", ["map", "sizes"], ["flat"], {})
    hidden_file = file.with_name("hidden.onnx")
    hidden = OnnxBackbone(write_network(hidden_file, CONVOLVE, reshape, MULTIPLY, sizes=np.array([1, 24])))
    for network in (declared, hidden):
        torch.testing.assert_close(network(faces).embedding, many(faces).embedding)
        torch.testing.assert_close(network(faces).patches, many(faces).patches)


def test_colour_and_range_are_settings(file: Path) -> None:
    write_network(file)
    faces = torch.rand(2, 3, 6, 4)
    plain = OnnxBackbone(str(file), mean=0, scale=255)
    swapped = OnnxBackbone(str(file), mean=[10, 20, 30], scale=[2, 4, 8], colour="BGR")
    means, scales = torch.tensor([10.0, 20, 30]).view(3, 1, 1), torch.tensor([2.0, 4, 8]).view(3, 1, 1)
    expected = plain((faces.flip(1) * 255 - means) / scales)
    torch.testing.assert_close(swapped(faces).embedding, expected.embedding, rtol=1e-4, atol=1e-3)


def test_a_file_that_normalises_itself_gets_grey_levels(file: Path) -> None:
    """As those that came from MXNet, such as SFace."""
    subtract: Node = ("Sub", ["faces", "mean"], ["centred"], {})
    scale: Node = ("Mul", ["centred", "scale"], ["ready"], {})
    convolve: Node = ("Conv", ["ready", "filters"], *CONVOLVE[2:])
    half, share = np.array([127.5], np.float32), np.array([1 / 127.5], np.float32)
    own = OnnxBackbone(write_network(file, subtract, scale, convolve, FLATTEN, MULTIPLY, mean=half, scale=share))
    plain = OnnxBackbone(write_network(file.with_name("plain.onnx")))
    faces = torch.rand(2, 3, 6, 4)
    torch.testing.assert_close(own(faces).embedding, plain(faces).embedding, rtol=1e-4, atol=1e-4)


def test_a_file_for_any_size_takes_112_or_what_is_asked_for(file: Path) -> None:
    pool: Node = ("GlobalAveragePool", ["map"], ["pooled"], {})
    write_network(file, CONVOLVE, pool, ("Flatten", ["pooled"], ["embedding"], {}), shape=("N", 3, "H", "W"))
    assert OnnxBackbone(str(file)).face_size == (112, 112)
    assert OnnxBackbone(str(file), face_size=[8, 6])(torch.rand(1, 3, 8, 6)).grid == (4, 3)


def test_weights_in_a_file_of_their_own_count_in_the_sha256(file: Path) -> None:
    write_network(file)
    inside = OnnxBackbone(str(file))
    onnx.save_model(onnx.load(file), file, save_as_external_data=True, location="weights.bin", size_threshold=0)
    outside, faces = OnnxBackbone(str(file)), torch.rand(2, 3, 6, 4)
    torch.testing.assert_close(outside(faces).embedding, inside(faces).embedding)
    beside = file.with_name("weights.bin")
    beside.write_bytes(beside.read_bytes()[:-4] + b"\0\0\0\0")
    assert len({network.weights_sha256 for network in (inside, outside, OnnxBackbone(str(file)))}) == 3
    beside.unlink()
    with pytest.raises(InputError, match=r"it or a file with its weights is missing, .*weights\.bin"):
        OnnxBackbone(str(file))


@pytest.mark.parametrize("content", [b"", b"this is no network", b"PK\x03\x04"], ids=["empty", "text", "zip"])
def test_what_is_not_onnx_is_refused(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    with pytest.raises(InputError, match=r"network\.onnx is not a whole ONNX file: .* Fetch or copy it again\."):
        OnnxBackbone(str(file))


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9, 0.99])
def test_a_file_cut_short_is_refused(file: Path, share: float) -> None:
    write_network(file)
    file.write_bytes(file.read_bytes()[: int(share * file.stat().st_size)])
    with pytest.raises(InputError, match=r"network\.onnx is not a whole ONNX file"):
        OnnxBackbone(str(file))


@pytest.mark.parametrize(
    ("network", "sentence"),
    [
        ({"filters": FILTERS * np.float32("nan")}, "holds NaN in filters"),
        ({"shape": ("N", 12)}, r"it takes faces \(float Nx12\), expected one float input of faces x 3 x"),
        ({"shape": ("N", 6, 4, 3)}, r"it takes faces \(float Nx6x4x3\)"),
        ({"shape": (4, 3, 6, 4)}, "takes 4 faces at a time"),
        ({"opset": 99}, r"onnxruntime cannot run .*\(operators of opset 99\): .* A newer onnxruntime may"),
        ({"matrix": MATRIX[:7]}, "onnxruntime cannot run"),
        ({"matrix": MATRIX[:, :1]}, r"its first output, embedding, is 2x1 for 2 of 6x4 pixels"),
    ],
    ids=["nan", "rank", "channels", "batch", "opset", "misfit", "no embedding"],
)
def test_a_file_of_another_kind_is_refused(file: Path, network: dict[str, Any], sentence: str) -> None:
    write_network(file, **network)
    with pytest.raises(InputError, match=sentence):
        OnnxBackbone(str(file))


def test_a_network_without_maps_is_refused(file: Path) -> None:
    flatten: Node = ("Flatten", ["faces"], ["flat"], {})
    write_network(file, flatten, MULTIPLY, matrix=np.ones((72, 5), np.float32))
    with pytest.raises(InputError, match=r"has no patches: none of its tensors is a map with rows and columns\."):
        OnnxBackbone(str(file))


def test_settings_that_do_not_fit_are_refused(file: Path) -> None:
    write_network(file)
    with pytest.raises(InputError, match="Unknown colour order 'GBR'"):
        OnnxBackbone(str(file), colour="GBR")
    with pytest.raises(InputError, match="takes faces of 6x4 pixels only, not 8x8"):
        OnnxBackbone(str(file), face_size=(8, 8))
    with pytest.raises(InputError, match=r"model\.checkpoint=nowhere\.onnx does not exist"):
        OnnxBackbone("nowhere.onnx")


@pytest.mark.parametrize("package", ["onnx", "onnxruntime"])
def test_without_the_packages_the_command_that_installs_them_is_told(
    file: Path, monkeypatch: pytest.MonkeyPatch, package: str
) -> None:
    write_network(file)
    monkeypatch.setitem(__import__("sys").modules, package, None)
    with pytest.raises(InputError, match="run: pip install onnx onnxruntime"):
        OnnxBackbone(str(file))


@pytest.mark.skipif(not W600K.is_file(), reason="w600k_mbf.onnx is not beside the repository")
@pytest.mark.parametrize(("patches", "tensor", "channels"), [(None, "513", 64), ("509", "509", 512)])
def test_w600k_mbf_gives_what_onnxruntime_gives(patches: str | None, tensor: str, channels: int) -> None:
    network = OnnxBackbone(str(W600K), patches=patches)
    faces = torch.rand(2, 3, 112, 112)
    found = network(faces)
    plain = onnxruntime.InferenceSession(str(W600K), providers=["CPUExecutionProvider"])
    (embedding,) = plain.run(None, {"input.1": (faces[:1] * 2 - 1).numpy()})
    torch.testing.assert_close(found.embedding[:1], torch.from_numpy(embedding), rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(found.patches, OnnxBackbone(str(W600K), patches=tensor)(faces).patches)
    assert (found.patches.shape, found.grid) == ((2, 49, channels), (7, 7))
    assert network.weights_sha256.startswith("9cc6e4a7")
