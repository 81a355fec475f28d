"""An ONNX network is copied into a PyTorch network of the same layers; any difference is told."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from fdemd.backbones.onnx_graph import read_graph
from fdemd.backbones.onnx_layers import copy_layers
from fdemd.errors import InputError
from tests.backbones.made_onnx import Node, write_network

NORM = ["gamma", "beta", "average", "variance"]
NODES: tuple[Node, ...] = (
    ("Sub", ["faces", "black"], ["shifted"], {}),
    ("Mul", ["shifted", "share"], ["scaled"], {}),
    ("Conv", ["scaled", "filters"], ["map"], {"strides": [2, 2], "pads": [1, 1, 1, 1]}),
    ("BatchNormalization", ["map", *NORM], ["normed"], {"epsilon": 1e-3}),
    ("PRelu", ["normed", "slopes"], ["active"], {}),
    ("Dropout", ["active"], ["kept"], {}),
    ("Flatten", ["kept"], ["flat"], {}),
    ("Gemm", ["flat", "rows", "bias"], ["embedding"], {"transB": 1}),
)
SCALED = {"Sub": 100.0, "Mul": 0.5}


def arrays() -> dict[str, np.ndarray]:
    draw = np.random.default_rng(0).standard_normal
    sizes = {"gamma": 4, "beta": 4, "average": 4, "slopes": (4, 1, 1), "rows": (5, 24), "bias": 5}
    drawn = {name: draw(size).astype(np.float32) for name, size in sizes.items()}
    return drawn | {
        "variance": np.float32([1, 2, 3, 4]),
        "black": np.float32([100]),
        "share": np.float32([0.5]),
    }


def network() -> nn.Sequential:
    convolution = nn.Conv2d(3, 4, 3, stride=2, padding=1, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(4, eps=1e-3), nn.PReLU(4), nn.Flatten(), nn.Linear(24, 5)).eval()


def replaced(number: int, **changes: Any) -> tuple[Node, ...]:
    """The nodes with other settings of one."""
    kind, into, out, settings = NODES[number]
    return (*NODES[:number], (kind, into, out, settings | changes), *NODES[number + 1 :])


def test_the_copy_computes_what_onnxruntime_computes(file: Path) -> None:
    onnxruntime = pytest.importorskip("onnxruntime", reason="the extra onnx is not installed")
    path, copy, faces = write_network(file, *NODES, **arrays()), network(), torch.rand(2, 3, 6, 4) * 255
    copy_layers(read_graph(file), copy, SCALED)
    (expected,) = onnxruntime.InferenceSession(path).run(["embedding"], {"faces": faces.numpy()})
    torch.testing.assert_close(copy((faces - 100) * 0.5), torch.from_numpy(expected), rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize(
    ("nodes", "changed", "difference"),
    [
        (NODES, {"black": np.float32([90])}, "its Sub of the faces is by 90, expected 100"),
        (NODES[:-1], {}, "its first output is embedding, not the flat that it ends with"),
        ((*NODES[:3], *NODES[5:]), {}, "its Dropout kept does not follow on the operator before it"),
        (
            (*NODES[:3], ("PRelu", ["map", "slopes"], ["active"], {}), *NODES[5:]),
            {},
            "it has PRelu active where BatchNormalization belongs",
        ),
        (
            (
                *NODES[:-1],
                ("Gemm", ["flat", "rows", "bias"], ["last"], {"transB": 1}),
                ("Relu", ["last"], ["embedding"], {}),
            ),
            {},
            "it goes on with Relu embedding where it should end",
        ),
        (replaced(2, strides=[1, 1]), {}, r"its Conv map has strides \[1, 1\], expected \[2, 2\]"),
        (replaced(2, dilations=[2, 2]), {}, r"its Conv map has dilations \[2, 2\], expected \[1, 1\]"),
        (replaced(3, epsilon=0.1), {}, "its BatchNormalization normed has epsilon 0.1"),
        (replaced(7, transB=0), {}, "its Gemm embedding has transB 0, expected 1"),
        (
            (*NODES[:-1], ("Gemm", ["flat", "rows"], ["embedding"], {"transB": 1})),
            {},
            "its Gemm embedding takes 1 weights, expected 2",
        ),
    ],
)
def test_another_network_is_refused(
    file: Path, nodes: tuple[Node, ...], changed: dict[str, np.ndarray], difference: str
) -> None:
    write_network(file, *nodes, **arrays() | changed)
    with pytest.raises(InputError, match=rf"is another network: {difference}.*\. Use it with model=onnx\."):
        copy_layers(read_graph(file), network(), SCALED)


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda given: {"rows": given["rows"][:, 1:]}, "a weight rows that cannot be read: rows has 115 numbers where"),
        (lambda given: {"slopes": given["slopes"][:1]}, "a weight slopes that cannot be read"),
        (lambda given: {"rows": given["rows"].T.copy()}, "a weight rows of 24x5 where 5x24 belongs"),
    ],
)
def test_a_network_is_unchanged_by_a_file_that_does_not_fit(
    file: Path, spoil: Callable[[dict[str, np.ndarray]], dict[str, np.ndarray]], sentence: str
) -> None:
    write_network(file, *NODES, **arrays() | spoil(arrays()))
    copy = network()
    before = {key: value.clone() for key, value in copy.state_dict().items()}
    with pytest.raises(InputError, match=sentence):
        copy_layers(read_graph(file), copy, SCALED)
    assert all(torch.equal(value, before[key]) for key, value in copy.state_dict().items())
