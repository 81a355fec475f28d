"""Reading the weights of an ONNX network into PyTorch, those that are stored quantized dequantized once, exactly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from fdemd.backbones.onnx_graph import OnnxGraph
from fdemd.backbones.onnx_reading import shape_text
from fdemd.errors import InputError

if TYPE_CHECKING:
    import onnx

_DEFAULT_AXIS = 1
"""Of ``DequantizeLinear``, if the file does not say."""


def dequantize(
    quantized: np.ndarray,
    scale: np.ndarray,
    zero_point: np.ndarray | None = None,
    *,
    axis: int = _DEFAULT_AXIS,
    block_size: int = 0,
) -> np.ndarray:
    """Compute ``(quantized - zero_point) * scale`` as ONNX defines ``DequantizeLinear`` (opset 21).

    Args:
        quantized: Integers of any shape.
        scale: One number for all of them, one an index along ``axis``, or, with a block size, one a block: an array
            of the shape of ``quantized`` but for ``axis``, where it has ``ceil(length / block_size)`` numbers.
        zero_point: Integers of the shape of ``scale``; None is zero.
        axis: Axis along which scales differ.
        block_size: Neighbours along ``axis`` that share a scale; 0 if there are no blocks.

    Returns:
        Numbers of the type of ``scale``; each is one product, rounded once.

    Raises:
        ValueError: The shapes do not fit.

    Example:
        >>> dequantize(np.int8([[1, 2, 3]]), np.float32([[0.5, 2]]), block_size=2)
        array([[0.5, 1. , 6. ]], dtype=float32)
    """
    if not np.issubdtype(quantized.dtype, np.integer):
        raise ValueError(f"it is of type {quantized.dtype}, not integers of 8 bits or more")
    if zero_point is None:
        zero_point = np.zeros(scale.shape, quantized.dtype)
    if zero_point.shape != scale.shape:
        raise ValueError(f"it has {shape_text(zero_point.shape)} zero points for {shape_text(scale.shape)} scales")
    scales, zeros = (_spread(each, quantized.shape, axis, block_size) for each in (scale, zero_point))
    steps = quantized.astype(np.int64) - zeros.astype(np.int64)
    with np.errstate(over="ignore"):  # whoever reads weights checks that they are finite
        return (steps.astype(np.float32) * scales.astype(np.float32)).astype(scale.dtype)


def _spread(values: np.ndarray, shape: Sequence[int], axis: int, block_size: int) -> np.ndarray:
    """Return one value an element, as an array that can be broadcast to ``shape``."""
    if block_size == 0 and values.size == 1:
        return values.reshape(())
    if not -len(shape) <= axis < len(shape):
        raise ValueError(f"it has no axis {axis}")
    axis %= len(shape)
    blocks = -(-shape[axis] // block_size) if block_size > 0 else 0
    expected = (*shape[:axis], blocks, *shape[axis + 1 :]) if block_size else (shape[axis],)
    if values.shape != expected:
        raise ValueError(
            f"it has {shape_text(values.shape)} scales for {shape_text(shape)} numbers along axis {axis} in blocks of "
            f"{block_size}"
        )
    if block_size == 0:
        return values.reshape([-1 if side == axis else 1 for side in range(len(shape))])
    return np.repeat(values, min(block_size, shape[axis]), axis).take(range(shape[axis]), axis)


class OnnxWeights:
    """The weights of an ONNX network by the names under which its layers take them."""

    def __init__(self, graph: OnnxGraph) -> None:
        """Remember where they are; none is dequantized before it is asked for."""
        held = graph.model.graph
        self._path = graph.path
        self._stored: dict[str, onnx.TensorProto] = {tensor.name: tensor for tensor in held.initializer}
        self._reshaped = {node.output[0]: node for node in held.node if node.op_type == "Reshape"}
        self._quantized = {node.output[0]: node for node in held.node if node.op_type == "DequantizeLinear"}

    def read(self, name: str, shape: Sequence[int]) -> Tensor:
        """Return the weight that a layer takes by a name.

        Args:
            name: Name of the tensor.
            shape: Shape that it must have: nothing larger is ever computed.

        Raises:
            InputError: There is no such weight, it has another shape, cannot be dequantized or is not finite.
        """
        try:
            values = self._values(name, prod(shape))
        except (IndexError, TypeError, ValueError) as error:  # a file may say anything of its own numbers
            raise InputError(f"{self._path} has a weight {name} that cannot be read: {error}.") from error
        if values.shape != tuple(shape):
            raise InputError(
                f"{self._path} has a weight {name} of {shape_text(values.shape)} where {shape_text(shape)} belongs."
            )
        if not np.isfinite(values).all():
            raise InputError(f"{self._path} has a weight {name} that is not finite; take another copy.")
        return torch.from_numpy(values.astype(np.float32))

    def _values(self, name: str, size: int) -> np.ndarray:
        if name not in self._reshaped:
            return self._dequantized(name, size)
        node = self._reshaped[name]
        sides = [int(side) for side in self._stored_values(node.input[1])]
        return self._dequantized(node.input[0], size).reshape(sides)

    def _dequantized(self, name: str, size: int) -> np.ndarray:
        if name not in self._quantized:
            return self._stored_values(name, size)
        node = self._quantized[name]
        scale, *zero_point = (self._stored_values(each) for each in node.input[1:] if each)
        settings = {key: value for key, value in settings_of(node).items() if key in ("axis", "block_size")}
        return dequantize(self._stored_values(node.input[0], size), scale, *zero_point, **settings)

    def _stored_values(self, name: str, size: int | None = None) -> np.ndarray:
        from onnx import numpy_helper

        if name not in self._stored:
            raise ValueError(f"{name or 'what it is computed from'} is not stored in the file")
        tensor = self._stored[name]
        if size is not None and prod(tensor.dims) != size:
            raise ValueError(f"{name} has {prod(tensor.dims)} numbers where {size} belong")
        return numpy_helper.to_array(tensor)


def settings_of(node: onnx.NodeProto) -> Mapping[str, Any]:
    """Return the attributes of an operator by name."""
    from onnx import helper

    return {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute}
