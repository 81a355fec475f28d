"""Copying an ONNX network into a PyTorch network of the same layers in the same order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from torch import nn

from fdemd.backbones.onnx_graph import OnnxGraph
from fdemd.backbones.onnx_weights import OnnxWeights, settings_of
from fdemd.errors import InputError

if TYPE_CHECKING:
    import onnx

_NORM = ("weight", "bias", "running_mean", "running_var")
_TAKEN = {
    nn.Conv2d: ("Conv", ("weight",)),
    nn.BatchNorm1d: ("BatchNormalization", _NORM),
    nn.BatchNorm2d: ("BatchNormalization", _NORM),
    nn.PReLU: ("PRelu", ("weight",)),
    nn.Linear: ("Gemm", ("weight", "bias")),
}
"""Kind of module -> operator, and what it takes beside its input, in the order of the operator."""
_DEFAULTS: dict[str, Any] = {
    "strides": [1, 1],
    "pads": [0, 0, 0, 0],
    "dilations": [1, 1],
    "group": 1,
    "auto_pad": b"NOTSET",
    "epsilon": float(np.float32(1e-5)),
    "training_mode": 0,
    "alpha": 1.0,
    "beta": 1.0,
    "transA": 0,
    "transB": 0,
}
"""What ONNX takes where a file does not say: of convolutions, of batch norms, of linear layers."""
_NO_WEIGHTS = frozenset({"Dropout", "Flatten", "Identity"})


def copy_layers(graph: OnnxGraph, module: nn.Module, first: Mapping[str, float]) -> None:
    """Copy the weights of an ONNX network, which must be a chain of the layers of ``module``.

    Args:
        graph: The network: what scales its faces, then convolutions without bias, batch norms, PReLUs and linear
            layers.
        module: The PyTorch network; its layers were made in the order in which they compute. It is changed only if
            all of the file fits.
        first: Operators that scale the faces -> their one number, such as ``{"Sub": 127.5, "Mul": 1 / 128}``.

    Raises:
        InputError: It is another network.
    """
    nodes, weights = iter(_chain(graph)), OnnxWeights(graph)
    for operator, number in first.items():
        found = weights.read(_next(graph, nodes, operator).input[1], (1,))
        if found.item() != np.float32(number):
            raise _another(graph, f"its {operator} of the faces is by {found.item():g}, expected {number:g}")
    state, copied = module.state_dict(), {}
    for name, layer in module.named_modules():
        if type(layer) not in _TAKEN:
            continue
        operator, parameters = _TAKEN[type(layer)]
        node = _next(graph, nodes, operator)
        _check_settings(graph, node, layer)
        if len(node.input) != 1 + len(parameters):
            taken = f"takes {len(node.input) - 1} weights, expected {len(parameters)}"
            raise _another(graph, f"its {operator} {node.output[0]} {taken}")
        for parameter, given in zip(parameters, node.input[1:], strict=True):
            key = f"{name}.{parameter}"
            shape = (*state[key].shape, 1, 1) if operator == "PRelu" else state[key].shape
            copied[key] = weights.read(given, shape).view_as(state[key])
    if left := next(nodes, None):
        raise _another(graph, f"it goes on with {left.op_type} {left.output[0]} where it should end")
    module.load_state_dict(copied, strict=False)


def _chain(graph: OnnxGraph) -> Iterator[onnx.NodeProto]:
    """Yield the operators with weights from the faces to the embedding, each of which takes what the last one gives."""
    constants, tensor = graph.constants(), graph.input
    for node in graph.model.graph.node:
        if constants.issuperset(node.output):
            continue
        if node.domain or [tensor] != node.input[:1]:
            raise _another(graph, f"its {node.op_type} {node.output[0]} does not follow on the operator before it")
        tensor = node.output[0]
        if node.op_type not in _NO_WEIGHTS:
            yield node
    if tensor != graph.embedding:
        raise _another(graph, f"its first output is {graph.embedding}, not the {tensor} that it ends with")


def _next(graph: OnnxGraph, nodes: Iterator[onnx.NodeProto], operator: str) -> onnx.NodeProto:
    node = next(nodes, None)
    if node is None:
        raise _another(graph, f"it ends where {operator} belongs")
    if node.op_type != operator:
        raise _another(graph, f"it has {node.op_type} {node.output[0]} where {operator} belongs")
    return node


def _check_settings(graph: OnnxGraph, node: onnx.NodeProto, layer: nn.Module) -> None:
    expected: dict[str, Any] = {}
    if isinstance(layer, nn.Conv2d):
        assert isinstance(layer.padding, tuple)
        expected = {"strides": [*layer.stride], "pads": [*layer.padding] * 2, "group": layer.groups}
    elif isinstance(layer, nn.Linear):
        expected = {"transB": 1}
    elif isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d):
        expected = {"epsilon": float(np.float32(layer.eps))}
    settings = {**_DEFAULTS, **settings_of(node)}
    for name, value in (_DEFAULTS | expected).items():
        if settings[name] != value:
            raise _another(graph, f"its {node.op_type} {node.output[0]} has {name} {settings[name]}, expected {value}")


def _another(graph: OnnxGraph, difference: str) -> InputError:
    return InputError(f"{graph.path} is another network: {difference}. Use it with model=onnx.")
