"""The input, the weights and the size of a network in an ONNX file."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from fdemd.backbones.onnx import OnnxBackbone
from fdemd.errors import InputError
from tests.backbones.made_onnx import CONVOLVE, FILTERS, MATRIX, Node, helper, onnx, write_network


@pytest.mark.parametrize("version", [3, 8])
def test_weights_that_are_listed_as_inputs_are_weights(file: Path, version: int) -> None:
    """As in old files, and as exporters still write them on demand."""
    plain, faces = OnnxBackbone(write_network(file)), torch.rand(2, 3, 6, 4)
    model = onnx.load(file)
    model.ir_version = version
    for weight in model.graph.initializer:
        listed = helper.make_tensor_value_info(weight.name, weight.data_type, weight.dims)
        model.graph.input.insert(0, listed)
    onnx.save(model, file)
    torch.testing.assert_close(OnnxBackbone(str(file))(faces).embedding, plain(faces).embedding)


def test_inputs_that_nothing_reads_are_left_out(file: Path) -> None:
    """A tool that stores weights quantized under new names leaves the old names listed; onnxruntime refuses that."""
    plain, faces = OnnxBackbone(write_network(file)), torch.rand(2, 3, 6, 4)
    model = onnx.load(file)
    model.graph.input.append(helper.make_tensor_value_info("old_filters", onnx.TensorProto.FLOAT, FILTERS.shape))
    onnx.save(model, file)
    before = file.read_bytes()
    torch.testing.assert_close(OnnxBackbone(str(file))(faces).embedding, plain(faces).embedding)
    assert file.read_bytes() == before


def test_two_inputs_that_are_read_are_told(file: Path) -> None:
    write_network(file, CONVOLVE, ("Add", ["map", "more"], ["sum"], {}), ("Flatten", ["sum"], ["embedding"], {}))
    model = onnx.load(file)
    model.graph.input.append(helper.make_tensor_value_info("more", onnx.TensorProto.FLOAT, [1]))
    onnx.save(model, file)
    with pytest.raises(InputError, match=r"it takes faces \(float Nx3x6x4\), more \(float 1\), expected one"):
        OnnxBackbone(str(file))


def test_a_file_for_any_size_takes_112_or_what_is_asked_for(file: Path) -> None:
    pool: Node = ("GlobalAveragePool", ["map"], ["pooled"], {})
    write_network(file, CONVOLVE, pool, ("Flatten", ["pooled"], ["embedding"], {}), shape=("N", 3, "H", "W"))
    assert OnnxBackbone(str(file)).face_size == (112, 112)
    assert OnnxBackbone(str(file), face_size=[8, 6])(torch.rand(1, 3, 8, 6)).grid == (4, 3)


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
