"""ONNX files of face networks: which tensor gives the patches, what the network is fed with, what is refused."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch.nn.functional import conv2d

from fdemd.backbones import onnx as onnx_backbone
from fdemd.backbones import onnx_reading
from fdemd.backbones.onnx import OnnxBackbone
from fdemd.backbones.onnx_graph import read_graph
from fdemd.backbones.onnx_range import first_look
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


def test_a_network_and_the_files_beside_it_are_bounded_together(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with_outside_constant(file)
    size = file.stat().st_size
    monkeypatch.setattr(onnx_reading, "_LARGEST", size + 20)
    OnnxBackbone(str(file))
    monkeypatch.setattr(onnx_reading, "_LARGEST", size + 19)
    with pytest.raises(InputError) as error:
        OnnxBackbone(str(file))
    assert str(error.value) == (
        f"{file} and what it takes from the files beside it have more than {size + 19} bytes; no face network has."
    )


def outside(tensor: Any, location: str, **more: object) -> Any:
    """A tensor whose numbers lie in a file."""
    moved = onnx.TensorProto(name=tensor.name, data_type=tensor.data_type, dims=tensor.dims)
    moved.data_location = onnx.TensorProto.EXTERNAL
    for key, value in {"location": location, **more}.items():
        moved.external_data.add(key=key, value=str(value))
    return moved


def with_outside_constant(file: Path, location: str = "shift.bin", **more: object) -> None:
    """Write a network whose embedding is shifted by a Constant, not an initialiser, that lies in a file."""
    shift = numpy_helper.from_array(np.arange(5, dtype=np.float32), "shift")
    (file.parent / "shift.bin").write_bytes(shift.raw_data)
    multiply: Node = ("MatMul", ["flat", "matrix"], ["product"], {})
    constant: Node = ("Constant", [], ["shift"], {"value": outside(shift, location, **more)})
    write_network(file, constant, CONVOLVE, FLATTEN, multiply, ("Add", ["product", "shift"], ["embedding"], {}))


def in_function(file: Path) -> None:
    """Move all of a network's operators into a function."""
    model = onnx.load(file, load_external_data=False)
    inside = list(model.graph.node)
    function = helper.make_function(
        "own", "Whole", ["faces", "filters", "matrix"], ["embedding", "map"], inside, model.opset_import
    )
    call = helper.make_node("Whole", ["faces", "filters", "matrix"], ["embedding", "map"], domain="own")
    del model.graph.node[:]
    model.graph.node.append(call)
    model.functions.append(function)
    model.opset_import.append(helper.make_opsetid("own", 1))
    file.write_bytes(model.SerializeToString())


@pytest.mark.parametrize("moved", [lambda file: None, in_function], ids=["constant", "in a function"])
def test_every_file_that_holds_numbers_counts_in_the_sha256(file: Path, moved: Callable[[Path], None]) -> None:
    with_outside_constant(file)
    moved(file)
    first, faces = OnnxBackbone(str(file)), torch.rand(2, 3, 6, 4)
    beside = file.with_name("shift.bin")
    beside.write_bytes(np.arange(5, 10, dtype=np.float32).tobytes())
    second = OnnxBackbone(str(file))
    torch.testing.assert_close(second(faces).embedding, first(faces).embedding + 5)
    assert second.weights_sha256 != first.weights_sha256
    assert second.fingerprint() != first.fingerprint()
    beside.unlink()
    with pytest.raises(InputError, match=r"it or a file with its weights is missing, .*shift\.bin"):
        OnnxBackbone(str(file))


@pytest.mark.parametrize(
    ("location", "more", "sentence"),
    [
        ("../shift.bin", {}, r"takes its weights from '\.\./shift\.bin', which is not a file in its own folder"),
        ("sub/../shift.bin", {}, "which is not a file in its own folder"),
        ("/etc/hostname", {}, "takes its weights from '/etc/hostname', which is not a file in its own folder"),
        ("", {}, "takes its weights from '', which is not a file in its own folder"),
        ("link.bin", {}, r"takes its weights from link\.bin, a link out of its own folder; put the file there\."),
        (".", {}, r"\. does not exist or is no file"),
        ("shift.bin", {"offset": 8}, ""),
        (
            "shift.bin",
            {"offset": -4},
            "from byte -4 of shift.bin, which has 20; fetch or copy both again|must be non-negative",
        ),
        ("shift.bin", {"length": 24}, "takes 24 bytes of shift from byte 0 of shift.bin, which has 20"),
        ("shift.bin", {"offset": 2**62, "length": 20}, "which has 20"),
        ("shift.bin", {"length": -1}, "which has 20|must be non-negative"),
        ("shift.bin", {"offset": "many"}, "invalid literal"),
    ],
)
def test_files_with_numbers_lie_in_the_networks_folder(
    tmp_path: Path, location: str, more: dict[str, object], sentence: str
) -> None:
    file = tmp_path / "inside" / "network.onnx"
    file.parent.mkdir()
    (tmp_path / "shift.bin").write_bytes(bytes(20))
    (file.parent / "link.bin").symlink_to(tmp_path / "shift.bin")
    with_outside_constant(file, location, **more)
    with pytest.raises(InputError, match=sentence):
        OnnxBackbone(str(file))


def control_flow(file: Path, kind: str) -> None:
    """Write a network with an operator that holds a graph: what it repeats or chooses."""
    body = helper.make_graph(
        [helper.make_node("Identity", ["go"], ["go on"]), helper.make_node("Add", ["x", "x"], ["y"])],
        "body",
        [helper.make_tensor_value_info(name, kind, []) for name, kind in (("i", 7), ("go", 9), ("x", 1))],
        [helper.make_tensor_value_info(name, kind, []) for name, kind in (("go on", 9), ("y", 1))],
    )
    loop = helper.make_node("Loop", ["rounds", "", "start"], ["out"], body=body)
    within = helper.make_graph([loop], "branch", [], [helper.make_tensor_value_info("out", 1, None)])
    nodes: dict[str, Node] = {
        "Loop": ("Loop", ["rounds", "", "start"], ["end"], {"body": body}),
        "a loop inside": ("If", ["yes"], ["end"], {"then_branch": within, "else_branch": within}),
        "Scan": ("Scan", ["start", "map"], ["end", "each"], {"body": body, "num_scan_inputs": 1}),
    }
    constants = {"rounds": np.array(2**62), "start": np.array(0, np.float32), "yes": np.array(True)}
    write_network(file, CONVOLVE, FLATTEN, MULTIPLY, nodes[kind], **constants)


@pytest.mark.parametrize("moved", [lambda file: None, in_function], ids=["", "in a function"])
@pytest.mark.parametrize(("kind", "named"), [("Loop", "Loop"), ("Scan", "Scan"), ("a loop inside", "Loop")])
def test_loops_have_no_place_in_a_face_network(
    file: Path, kind: str, named: str, moved: Callable[[Path], None]
) -> None:
    control_flow(file, kind)
    moved(file)
    with pytest.raises(
        InputError, match=rf"holds control flow \({named}\), which has no place in a face network; export"
    ):
        OnnxBackbone(str(file))


def condition(yes: bool, *inside: Any, weights: dict[str, np.ndarray] | None = None) -> tuple[Node, np.ndarray]:
    """``chosen``: the map doubled by what the first branch has inside or takes from outside; the other halves it."""
    value = [helper.make_tensor_value_info("chosen of a branch", onnx.TensorProto.FLOAT, None)]
    held = [numpy_helper.from_array(array, name) for name, array in (weights or {}).items()]
    double = helper.make_node("Mul", ["map", "two"], ["chosen of a branch"])
    halve = helper.make_node("Div", ["map", "two outside"], ["chosen of a branch"])
    then = helper.make_graph([*inside, double], "then", [], value, held)
    branches = {"then_branch": then, "else_branch": helper.make_graph([halve], "else", [], value)}
    return ("If", ["yes"], ["chosen"], branches), np.array(yes)


TWO = {"two": np.array(2, np.float32)}


@pytest.mark.parametrize("yes", [True, False])
def test_conditions_are_as_if_what_they_choose_stood_there(file: Path, yes: bool) -> None:
    """PyTorch exports them; the map is what they take from outside, and no input of theirs."""
    plain, faces = OnnxBackbone(write_network(file)), torch.rand(2, 3, 6, 4)
    before = plain(faces)
    node, chosen = condition(yes, weights=TWO)
    flatten: Node = ("Flatten", ["chosen"], ["flat"], {})
    write_network(file, CONVOLVE, node, flatten, MULTIPLY, yes=chosen, **{"two outside": TWO["two"]})
    for patches in (None, "map"):
        network = OnnxBackbone(str(file), patches=patches)
        found, times = network(faces), 2 if yes else 0.5
        torch.testing.assert_close(found.embedding, before.embedding * times)
        torch.testing.assert_close(found.patches, before.patches * (1 if patches else times))
        maps = found.patches.mT.unflatten(-1, found.grid)
        torch.testing.assert_close(network.embed_map(maps), found.embedding)
        assert network.mean.item() == 127.5


def test_a_condition_of_the_faces_is_what_a_network_looks_at_first(file: Path) -> None:
    value = [helper.make_tensor_value_info("ready of a branch", onnx.TensorProto.FLOAT, None)]
    graph = helper.make_graph([helper.make_node("Relu", ["faces"], ["ready of a branch"])], "branch", [], value)
    choose: Node = ("If", ["yes"], ["ready"], {"then_branch": graph, "else_branch": graph})
    convolve: Node = ("Conv", ["ready", "filters"], *CONVOLVE[2:])
    read = read_graph(Path(write_network(file, choose, convolve, FLATTEN, MULTIPLY, yes=np.array(True))))
    assert "ready" not in read.constants()
    assert first_look(read) == "faces"


def test_what_stands_in_a_branch_is_checked_too(file: Path) -> None:
    node, yes = condition(True, weights={"two": np.array(np.nan, np.float32)})
    flatten: Node = ("Flatten", ["chosen"], ["flat"], {})
    write_network(file, CONVOLVE, node, flatten, MULTIPLY, yes=yes, **{"two outside": TWO["two"]})
    with pytest.raises(InputError, match="holds NaN in two"):
        OnnxBackbone(str(file))
    many = [helper.make_node("Identity", ["map"], [f"i{number}"]) for number in range(100_000)]
    node, yes = condition(True, *many, weights=TWO)
    write_network(file, CONVOLVE, node, flatten, MULTIPLY, yes=yes, **{"two outside": TWO["two"]})
    with pytest.raises(InputError, match=r"is not a face recognition network: it has [\d,]+ operators or more\."):
        OnnxBackbone(str(file))


@pytest.mark.parametrize("itself", [False, True], ids=["doubled", "itself"])
def test_functions_that_call_functions_are_counted_out(file: Path, itself: bool) -> None:
    model = onnx.load(write_network(file))
    for number in range(40):
        called = f"F{number if itself else number - 1}"
        inside = ("Identity", "") if number == 0 and not itself else (called, "own")
        nodes = [
            helper.make_node(inside[0], ["x"], ["y"], domain=inside[1]),
            helper.make_node(inside[0], ["y"], ["z"], domain=inside[1]),
        ]
        model.functions.append(helper.make_function("own", f"F{number}", ["x"], ["z"], nodes, model.opset_import))
    model.graph.node.append(helper.make_node("F39", ["embedding"], ["more"], domain="own"))
    model.opset_import.append(helper.make_opsetid("own", 1))
    onnx.save(model, file)
    with pytest.raises(InputError, match=r"is not a face recognition network: it has [\d,]+ operators or more\."):
        OnnxBackbone(str(file))


GIANTS: dict[str, tuple[list[Node], dict[str, np.ndarray]]] = {
    "ConstantOfShape": ([("ConstantOfShape", ["n"], ["big"], {})], {"n": np.array([1 << 40])}),
    "Range": ([("Range", ["a", "n", "b"], ["big"], {})], {"a": np.array(0), "n": np.array(1 << 40), "b": np.array(1)}),
    "Expand": ([("Expand", ["flat", "n"], ["big"], {})], {"n": np.array([1 << 36, 1, 1])}),
    "Tile": ([("Tile", ["flat", "n"], ["big"], {})], {"n": np.array([1, 1 << 36])}),
    "Resize": ([("Resize", ["map", "", "", "n"], ["big"], {})], {"n": np.array([1, 4, 1 << 19, 1 << 19])}),
    "Pad": ([("Pad", ["flat", "n"], ["big"], {})], {"n": np.array([0, 0, 0, 1 << 38])}),
    "Add": (
        [("Reshape", ["pieces", "n"], ["column"], {}), ("Add", ["pieces", "column"], ["big"], {})],
        {"pieces": np.zeros(1 << 18, np.float32), "n": np.array([1 << 18, 1])},
    ),
}


@pytest.mark.parametrize("kind", GIANTS)
def test_operators_that_make_much_of_little_are_bounded(file: Path, kind: str) -> None:
    nodes, weights = GIANTS[kind]
    last: list[Node] = [
        ("Cast", ["big"], ["numbers"], {"to": 1}),
        ("ReduceSum", ["numbers"], ["sum"], {"keepdims": 0}),
        ("Add", ["product", "sum"], ["embedding"], {}),
    ]
    multiply: Node = ("MatMul", ["flat", "matrix"], ["product"], {})
    write_network(file, CONVOLVE, FLATTEN, multiply, *nodes, *last, **weights)
    with pytest.raises(InputError, match=r"onnxruntime cannot run .*(memory|bad allocation|exceeds)"):
        OnnxBackbone(str(file))


def test_a_sparse_weight_is_no_larger_than_weights_are(file: Path) -> None:
    model = onnx.load(write_network(file))
    values, places = np.ones(1, np.float32), np.array([5])
    model.graph.sparse_initializer.append(
        helper.make_sparse_tensor(numpy_helper.from_array(values, "big"), numpy_helper.from_array(places), [1 << 40])
    )
    onnx.save(model, file)
    with pytest.raises(InputError, match="is refused: a sparse weight of it would have 1099511627776 numbers"):
        OnnxBackbone(str(file))


def test_weights_of_pytorch_are_named(file: Path) -> None:
    for name, key, advice in (
        ("a.safetensors", "conv2d_1a.conv.weight", "they look like those of model=facenet: use that."),
        ("b.safetensors", "fc.weight", "use the model that they were trained with."),
    ):
        save_file({key: torch.ones(2)}, file.with_name(name))
        with pytest.raises(InputError) as error:
            OnnxBackbone(str(file.with_name(name)))
        assert str(error.value).endswith(f"{name} holds weights of a PyTorch network, not an ONNX network; {advice}")


@pytest.mark.parametrize("content", [b"", b"this is no network", b"\x08\x08"], ids=["empty", "text", "nothing"])
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
    with pytest.raises(InputError, match=r"weight file nowhere\.onnx does not exist"):
        OnnxBackbone("nowhere.onnx")


@pytest.mark.parametrize("package", ["onnx", "onnxruntime"])
def test_without_the_packages_the_command_that_installs_them_is_reported(
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
