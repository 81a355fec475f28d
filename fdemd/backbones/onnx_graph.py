"""What has to be known of an ONNX face network before it can be run: its input, its weights, its tensors."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from fdemd.checkpoints import sha256_of
from fdemd.errors import InputError

if TYPE_CHECKING:
    import onnx

INSTALL = "run: pip install onnx onnxruntime"
_LAYOUT = frozenset({"Flatten", "Reshape", "Squeeze", "Transpose", "Unsqueeze"})
"""Operators that only lay numbers out anew; what they give has no maps that the tensor before would not have."""


@dataclass(frozen=True)
class OnnxGraph:
    """An ONNX network from faces to embeddings.

    Attributes:
        path: of its file.
        model: the network, weights included.
        input: name of the tensor that takes the faces.
        one_by_one: whether it says that it takes one face at a time.
        size: ``(height, width)`` of the faces, None for any.
        embedding: name of the first output.
        normalises: whether its first operator does arithmetic with a constant, so that it wants grey levels, 0 to 255
            (models that came from MXNet, such as SFace).
    """

    path: Path
    model: onnx.ModelProto
    input: str
    one_by_one: bool
    size: tuple[int, int] | None
    embedding: str
    normalises: bool

    def tensors(self) -> list[str]:
        """Names of all tensors that the embedding is computed from, the latest first; mere new layouts left out."""
        wanted, found = {self.embedding}, []
        for node in reversed(self.model.graph.node):  # ONNX demands the order in which they can be computed
            if wanted.intersection(node.output):
                wanted.update(node.input)
                if node.op_type not in _LAYOUT:
                    found += [name for name in node.output if name and name != self.embedding]
        return found

    def giving(self, outputs: list[str]) -> bytes:
        """The network as a file that gives these tensors, of whatever shape they turn out to have."""
        import onnx

        model = onnx.ModelProto()
        model.CopyFrom(self.model)
        del model.graph.output[:]
        model.graph.output.extend(onnx.ValueInfoProto(name=name) for name in outputs)
        return model.SerializeToString()

    def rest(self, tensor: str) -> bytes:
        """The part of the network from a tensor to the embedding, as a file that takes the tensor."""
        import onnx

        wanted, nodes = {self.embedding}, []
        for node in reversed(self.model.graph.node):
            if wanted.intersection(node.output) and tensor not in node.output:
                wanted.update(node.input)
                nodes.append(node)
        model = onnx.ModelProto()
        model.CopyFrom(self.model)
        for field in (model.graph.node, model.graph.input, model.graph.output):
            del field[:]
        model.graph.node.extend(reversed(nodes))
        model.graph.input.append(onnx.helper.make_tensor_value_info(tensor, onnx.TensorProto.FLOAT, None))
        model.graph.output.append(onnx.ValueInfoProto(name=self.embedding))
        return model.SerializeToString()

    def sha256(self) -> str:
        """Of the file or, if its weights lie in further files, of the sha256 of all of them."""
        digests = [sha256_of(path) for path in (self.path, *_external_files(self.path))]
        return digests[0] if len(digests) == 1 else hashlib.sha256("".join(digests).encode()).hexdigest()


def read_graph(path: Path) -> OnnxGraph:
    """Read and check a file.

    Raises:
        InputError: the package onnx is missing; the file, or one beside it that holds its weights, is not there, cut
            short, damaged or not ONNX; it does not take one batch of colour pictures; it holds NaN or Inf.
    """
    try:
        import onnx
    except ImportError as error:
        raise InputError(f"ONNX files need the Python packages onnx and onnxruntime; {INSTALL}") from error
    try:
        model = onnx.load(path)
        _check_weights(path, model)
    except InputError:
        raise
    except Exception as error:  # of protobuf, of onnx, of the system: a damaged file can fail in any way
        reason = " ".join(str(error).split())[:200].rstrip(".")
        raise InputError(
            f"{path} is not a whole ONNX file: it or a file with its weights is missing, cut short, damaged or of "
            f"another kind ({reason}). Fetch or copy it again."
        ) from error
    graph = model.graph
    if not graph.node or not graph.output:
        raise InputError(f"{path} is not a whole ONNX file: it holds no network. Fetch or copy it again.")
    weights = {tensor.name for tensor in graph.initializer}
    inputs = [value for value in graph.input if value.name not in weights]  # old files list their weights as well
    sides = [side.dim_value or None for side in inputs[0].type.tensor_type.shape.dim] if len(inputs) == 1 else []
    if len(sides) != 4 or sides[1] not in (3, None) or inputs[0].type.tensor_type.elem_type != onnx.TensorProto.FLOAT:
        described = ", ".join(_described(value) for value in inputs) or "nothing"
        raise InputError(
            f"{path} is not a face recognition network: it takes {described}, expected one float input of faces x 3 x "
            "height x width."
        )
    batch, _, height, width = sides
    if batch not in (1, None):
        raise InputError(f"{path} takes {batch} faces at a time, no less; export it for 1 or for any number.")
    first = next((node for node in graph.node if inputs[0].name in node.input), graph.node[0])
    return OnnxGraph(
        path,
        model,
        inputs[0].name,
        batch == 1,
        (height, width) if height and width else None,
        graph.output[0].name,
        first.op_type in ("Sub", "Mul", "Div", "Add"),
    )


def _check_weights(path: Path, model: onnx.ModelProto) -> None:
    from onnx import numpy_helper

    for tensor in model.graph.initializer:
        values = numpy_helper.to_array(tensor)
        if np.issubdtype(values.dtype, np.floating) and not np.isfinite(values).all():
            found = "NaN" if np.isnan(values).any() else "Inf"
            raise InputError(f"{path} holds {found} in {tensor.name}; take another copy.")


def _external_files(path: Path) -> list[Path]:
    """Files beside ``path`` that hold weights of it."""
    import onnx

    model = onnx.load(path, load_external_data=False)
    entries = [entry for tensor in model.graph.initializer for entry in tensor.external_data]
    return [path.parent / name for name in sorted({entry.value for entry in entries if entry.key == "location"})]


def _described(value: onnx.ValueInfoProto) -> str:
    import onnx

    kind = value.type.tensor_type
    sides = "x".join(str(side.dim_value or side.dim_param or "?") for side in kind.shape.dim)
    return f"{value.name} ({onnx.TensorProto.DataType.Name(kind.elem_type).lower()} {sides or 'of unknown shape'})"
