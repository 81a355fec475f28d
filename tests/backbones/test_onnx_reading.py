"""Files that are damaged, tell lies or would take the machine are refused with a sentence."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from fdemd.backbones import onnx_reading
from fdemd.backbones.onnx import OnnxBackbone
from fdemd.errors import InputError
from tests.backbones.made_onnx import (
    CONVOLVE,
    FLATTEN,
    MULTIPLY,
    Node,
    helper,
    numpy_helper,
    onnx,
    write_network,
)


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
