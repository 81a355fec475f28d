"""Weights that are stored quantized: beside onnxruntime, bit for bit, and files that say nonsense of them."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st

from fdemd.backbones.onnx_graph import read_graph
from fdemd.backbones.onnx_weights import OnnxWeights, dequantize
from fdemd.errors import InputError
from tests.backbones.made_onnx import CONVOLVE, FILTERS, FLATTEN, MULTIPLY, helper, numpy_helper, onnx, write_network

onnxruntime = pytest.importorskip("onnxruntime", reason="the extra onnx is not installed")


def by_onnxruntime(quantized: np.ndarray, *more: np.ndarray, **settings: int) -> np.ndarray:
    arrays = dict(zip("qsz", (quantized, *more), strict=False))
    graph = helper.make_graph(
        [helper.make_node("DequantizeLinear", list(arrays), ["out"], **settings)],
        "one operator",
        [],
        [helper.make_tensor_value_info("out", onnx.TensorProto.FLOAT, None)],
        [numpy_helper.from_array(array, name) for name, array in arrays.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return np.asarray(session.run(None, {})[0])


@st.composite
def quantized_weights(draw: st.DrawFn) -> tuple[list[np.ndarray], dict[str, int]]:
    """Integers, scales and perhaps zero points of one number, of one an index or of one a block; the axis counted
    from either end, the last block full or not."""
    shape = draw(st.lists(st.integers(1, 7), min_size=1, max_size=4))
    axis = draw(st.integers(0, len(shape) - 1))
    kind = draw(st.sampled_from([np.int8, np.uint8]))
    how = draw(st.sampled_from(["one number", "one an index", "one a block"]))
    settings, sizes = {}, []
    if how != "one number":
        settings["axis"] = draw(st.sampled_from([axis, axis - len(shape)]))
        sizes = [shape[axis]]
    if how == "one a block":
        settings["block_size"] = draw(st.integers(1, shape[axis]))
        sizes = [*shape[:axis], -(-shape[axis] // settings["block_size"]), *shape[axis + 1 :]]
        assume(sizes != [1])  # which onnxruntime takes for a scale without blocks
    generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    ends = np.iinfo(kind)
    arrays = [
        generator.integers(ends.min, ends.max, shape, kind, endpoint=True),
        generator.lognormal(-5, 3, sizes).astype(np.float32),
        generator.integers(ends.min, ends.max, sizes, kind, endpoint=True),
    ]
    return [np.asarray(array) for array in arrays[: draw(st.integers(2, 3))]], settings


@given(quantized_weights())
def test_numbers_are_those_of_onnxruntime_bit_for_bit(drawn: tuple[list[np.ndarray], dict[str, int]]) -> None:
    arrays, settings = drawn
    found = dequantize(*arrays, **settings)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, by_onnxruntime(*arrays, **settings))


@pytest.mark.parametrize(
    ("scale", "settings", "sentence"),
    [
        (np.ones((2, 3)), {"block_size": 2}, "it has 2x3 scales for 2x4 numbers along axis 1 in blocks of 2"),
        (np.ones((2, 2)), {"block_size": -2}, "in blocks of -2"),
        (np.ones(4), {"axis": 2}, "it has no axis 2"),
        (np.ones(3), {}, "it has 3 scales for 2x4 numbers"),
    ],
)
def test_scales_that_do_not_fit_are_refused(scale: np.ndarray, settings: dict[str, int], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        dequantize(np.ones((2, 4), np.int8), scale.astype(np.float32), **settings)


def test_a_block_may_be_longer_than_the_axis() -> None:
    found = dequantize(np.ones((2, 4), np.int8), np.float32([[2], [3]]), block_size=1 << 50)
    assert found.tolist() == [[2.0] * 4, [3.0] * 4]


def test_zero_points_and_types_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="it has 3 zero points for 4 scales"):
        dequantize(np.ones((2, 4), np.int8), np.ones(4, np.float32), np.zeros(3, np.int8))
    with pytest.raises(ValueError, match="of type float32, not integers"):
        dequantize(np.ones((2, 4), np.float32), np.ones(4, np.float32))


SCALES = np.float32([0.5, 0.25, 1, 2])


def weights(file: Path, *nodes: Any, **arrays: np.ndarray) -> OnnxWeights:
    write_network(file, *nodes, CONVOLVE, FLATTEN, MULTIPLY, opset=21, **arrays)
    return OnnxWeights(read_graph(file))


def test_a_weight_is_read_as_it_is_stored_or_dequantized_and_reshaped(file: Path) -> None:
    integers = np.arange(12, dtype=np.int8).reshape(4, 3)
    found = weights(
        file,
        ("DequantizeLinear", ["integers", "scales"], ["numbers"], {"axis": 0}),
        ("Reshape", ["numbers", "sides"], ["laid out"], {}),
        integers=integers,
        scales=SCALES,
        sides=np.int64([4, 3, 1]),
    )
    assert torch.equal(found.read("filters", FILTERS.shape), torch.from_numpy(FILTERS))
    expected = torch.from_numpy(integers * SCALES[:, None])
    assert torch.equal(found.read("numbers", (4, 3)), expected)
    assert torch.equal(found.read("laid out", (4, 3, 1)), expected[..., None])
    assert torch.equal(found.read("numbers", (4, 3)), expected)


@pytest.mark.parametrize(
    ("name", "shape", "sentence"),
    [
        ("filters", (4, 27), r"has a weight filters of 4x3x3x3 where 4x27 belongs\."),
        ("filters", (4, 2), r"filters that cannot be read: filters has 108 numbers where 8 belong\."),
        ("map", (4, 3, 2), r"map that cannot be read: map is not stored in the file\."),
        ("huge", (4,), r"huge that is not finite; take another copy\."),
        ("twice", (4,), "twice that cannot be read: again is not stored in the file"),
        ("alone", (4,), "alone that cannot be read"),
    ],
)
def test_a_weight_that_does_not_fit_is_a_sentence(file: Path, name: str, shape: tuple[int, ...], sentence: str) -> None:
    found = weights(
        file,
        ("DequantizeLinear", ["integers", "scales"], ["huge"], {"axis": 0}),
        ("Reshape", ["integers", "sides"], ["again"], {}),
        ("Reshape", ["again", "sides"], ["twice"], {}),
        ("DequantizeLinear", ["integers"], ["alone"], {}),
        integers=np.int8([1, 100, 100, 1]),
        scales=np.float32([1, 3e38, 1, 1]),
        sides=np.int64([4]),
    )
    with pytest.raises(InputError, match=sentence):
        found.read(name, shape)
