"""ONNX files of face networks: which tensor gives the patches, what the network is fed with, what is refused."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn.functional import conv2d

from fdemd.backbones.onnx import OnnxBackbone
from fdemd.errors import InputError
from tests.backbones.made_onnx import CONVOLVE, FILTERS, FLATTEN, MATRIX, MULTIPLY, W600K, Node, write_network

onnxruntime = pytest.importorskip("onnxruntime", reason="the extra onnx is not installed")


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


@pytest.mark.parametrize("block_size", [0, 3])
def test_weights_that_are_stored_quantized_are_no_maps(file: Path, block_size: int) -> None:
    integers = np.random.default_rng(0).integers(-128, 127, FILTERS.shape, np.int8)
    scales = np.float32([0.5, 0.25, 1, 2]) if block_size == 0 else np.full((4, 1, 3, 3), 0.1, np.float32)
    settings = {"axis": 0} if block_size == 0 else {"axis": 1, "block_size": block_size}
    dequantize: Node = ("DequantizeLinear", ["integers", "scales"], ["numbers"], settings)
    convolve: Node = ("Conv", ["faces", "numbers"], *CONVOLVE[2:])
    write_network(file, dequantize, convolve, FLATTEN, MULTIPLY, opset=21, integers=integers, scales=scales)
    found = OnnxBackbone(str(file))(torch.rand(2, 3, 6, 4))
    assert (found.grid, found.patches.shape[2]) == ((3, 2), 4)
    with pytest.raises(InputError, match=r"its last maps are map \(4x3x2\)\."):
        OnnxBackbone(str(file), patches="numbers")


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
    with pytest.raises(InputError, match=r"weight file nowhere\.onnx does not exist"):
        OnnxBackbone("nowhere.onnx")


def test_without_onnxruntime_the_command_that_installs_it_is_reported(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_network(file)
    monkeypatch.setitem(__import__("sys").modules, "onnxruntime", None)
    with pytest.raises(InputError, match="run: pip install onnxruntime"):
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
