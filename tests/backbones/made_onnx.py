"""Small networks in ONNX files."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx

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
