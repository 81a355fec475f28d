"""The grey levels that a network takes, whatever arithmetic it begins with."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from fdemd.backbones import onnx as onnx_backbone
from fdemd.backbones.onnx import OnnxBackbone
from fdemd.backbones.onnx_graph import read_graph
from fdemd.backbones.onnx_range import first_look
from tests.backbones.made_onnx import (
    CONVOLVE,
    FLATTEN,
    MULTIPLY,
    W600K,
    Node,
    helper,
    numpy_helper,
    onnx,
    write_network,
)


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


@pytest.mark.parametrize(("given", "sessions"), [({}, 2), ({"mean": 0}, 2), ({"mean": 0, "scale": 1}, 1)])
def test_the_range_takes_one_session_or_none(
    file: Path, monkeypatch: pytest.MonkeyPatch, given: dict[str, float], sessions: int
) -> None:
    nodes, weights = affine(1 / 127.5, -1)
    write_network(file, *nodes, ("Conv", ["ready", "filters"], *CONVOLVE[2:]), FLATTEN, MULTIPLY, **weights)
    started: list[bytes] = []
    plain = onnx_backbone._session
    monkeypatch.setattr(
        onnx_backbone, "_session", lambda graph, network: started.append(network) or plain(graph, network)
    )
    network = OnnxBackbone(str(file), **given)
    assert (network.mean.item(), network.scale.item()) == (0, 1)
    assert len(started) == sessions
    held = [{weight.name for weight in onnx.load_from_string(part).graph.initializer} for part in started]
    assert held == [{"filters", "matrix", "scale", "shift"}, {"scale", "shift"}][:sessions]


def affine(scale: float, shift: float, *, reverse: bool = False) -> tuple[list[Node], dict[str, np.ndarray]]:
    """Nodes and weights for ``faces * scale + shift`` (or ``(faces + shift) * scale``) as ``ready``."""
    steps = [("Mul", "scale"), ("Add", "shift")]
    (first, by), (second, then) = steps[::-1] if reverse else steps
    nodes: list[Node] = [(first, ["faces", by], ["half"], {}), (second, ["half", then], ["ready"], {})]
    return nodes, {"scale": np.array([scale], np.float32), "shift": np.array([shift], np.float32)}


def single(kind: str, *more: str, **settings: Any) -> list[Node]:
    return [(kind, ["faces", *more], ["ready"], settings)]


STATISTICS = {"one": np.ones(3, np.float32), "none": np.zeros(3, np.float32)}


GREY = {**STATISTICS, "m": np.array([104, 117, 123], np.float32), "v": np.full(3, 60.0**2, np.float32)}


SIGNED = {**STATISTICS, "m": np.array([-0.2, -0.1, 0.1], np.float32), "v": np.full(3, 0.25, np.float32)}


ZERO = {"zero": np.zeros(1, np.float32)}


TO_THE_END_AND_BACK: list[Node] = [
    ("Transpose", ["faces"], ["last"], {"perm": [0, 2, 3, 1]}),
    ("Transpose", ["last"], ["ready"], {"perm": [0, 3, 1, 2]}),
]


AROUND: list[Node] = [
    ("Unsqueeze", ["faces", "axis"], ["five"], {}),
    ("Reshape", ["five", "sizes"], ["four"], {}),
    ("Cast", ["four"], ["double"], {"to": onnx.TensorProto.DOUBLE}),
    ("Cast", ["double"], ["ready"], {"to": onnx.TensorProto.FLOAT}),
]


AXES = {"axis": np.array([1]), "sizes": np.array([-1, 3, 6, 4])}


@pytest.mark.parametrize(
    ("begins", "weights", "way"),
    [
        (single("Identity"), {}, (127.5, 127.5)),
        (TO_THE_END_AND_BACK, {}, (127.5, 127.5)),
        (AROUND, AXES, (127.5, 127.5)),
        (single("Add", "zero"), ZERO, (127.5, 127.5)),
        (single("Sub", "zero"), ZERO, (127.5, 127.5)),
        (single("BatchNormalization", "one", "none", "m", "v"), SIGNED, (127.5, 127.5)),
        (single("BatchNormalization", "one", "none", "m", "v"), GREY, (0, 1)),
        (*affine(1 / 127.5, -1), (0, 1)),
        (*affine(0.0078125, -127.5, reverse=True), (0, 1)),
        (single("Mul", "share"), {"share": np.array([1 / 255], np.float32)}, (0, 1)),
        (single("Sub", "mean"), {"mean": np.array([127.5], np.float32)}, (0, 1)),
        (*affine(2, -1), (0, 255)),
        (*affine(1 / 0.229, -0.456 / 0.229), (0, 255)),
    ],
    ids=[
        *("identity", "transposed", "laid out", "add 0", "subtract 0", "norm of -1 to 1", "norm of grey levels"),
        *("scale and shift", "shift and scale", "share", "mean", "2x - 1", "ImageNet's"),
    ],
)
@pytest.mark.parametrize("first", [[], single("Identity")], ids=["", "identity"])
def test_what_a_network_is_fed_with_is_told_by_numbers(
    file: Path, first: list[Node], begins: list[Node], weights: dict[str, np.ndarray], way: tuple[float, float]
) -> None:
    """What its own first arithmetic leaves to be done, whatever operators that move no pixel stand before it."""
    renamed = {"ready": "moved"} if first else {}
    before = [(kind, [*into], [renamed.get(name, name) for name in out], set_) for kind, into, out, set_ in first]
    own = [
        (kind, ["moved" if first and name == "faces" else name for name in into], out, settings)
        for kind, into, out, settings in begins
    ]
    convolve: Node = ("Conv", ["ready", "filters"], *CONVOLVE[2:])
    network = OnnxBackbone(write_network(file, *before, *own, convolve, FLATTEN, MULTIPLY, **weights))
    assert (network.mean.item(), network.scale.item()) == way


@pytest.mark.skipif(not W600K.is_file(), reason="w600k_mbf.onnx is not beside the repository")
@pytest.mark.parametrize("begins", ["Identity", "Add 0", "own arithmetic", "Identity, own arithmetic"])
def test_a_known_network_gives_the_same_whatever_it_begins_with(file: Path, begins: str) -> None:
    faces, plain = torch.rand(2, 3, 112, 112), OnnxBackbone(str(W600K))
    model = onnx.load(W600K)
    entrance = model.graph.input[0].name
    constants = {"zero": 0, "half": 127.5, "share": 1 / 127.5}
    steps = {
        "Identity": [("Identity",)],
        "Add 0": [("Add", "zero")],
        "own arithmetic": [("Sub", "half"), ("Mul", "share")],
    }
    nodes, name = [], entrance
    for number, (kind, *others) in enumerate(step for part in begins.split(", ") for step in steps[part]):
        nodes.append(helper.make_node(kind, [name, *others], [f"begin{number}"]))
        name = f"begin{number}"
    for node in model.graph.node:
        for at, given in enumerate(node.input):
            node.input[at] = name if given == entrance else given
    for at, node in enumerate(nodes):
        model.graph.node.insert(at, node)
    for known, value in constants.items():
        model.graph.initializer.append(numpy_helper.from_array(np.array([value], np.float32), known))
    onnx.save(model, file)
    torch.testing.assert_close(OnnxBackbone(str(file))(faces).embedding, plain(faces).embedding, rtol=1e-3, atol=1e-3)


def test_a_condition_of_the_faces_is_what_a_network_looks_at_first(file: Path) -> None:
    value = [helper.make_tensor_value_info("ready of a branch", onnx.TensorProto.FLOAT, None)]
    graph = helper.make_graph([helper.make_node("Relu", ["faces"], ["ready of a branch"])], "branch", [], value)
    choose: Node = ("If", ["yes"], ["ready"], {"then_branch": graph, "else_branch": graph})
    convolve: Node = ("Conv", ["ready", "filters"], *CONVOLVE[2:])
    read = read_graph(Path(write_network(file, choose, convolve, FLATTEN, MULTIPLY, yes=np.array(True))))
    assert "ready" not in read.constants()
    assert first_look(read) == "faces"
