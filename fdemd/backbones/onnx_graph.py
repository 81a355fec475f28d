"""The graph of an ONNX face network: its input, its tensors, and the parts of it that give them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fdemd.backbones.onnx_reading import read_model, tensors_read
from fdemd.errors import InputError

if TYPE_CHECKING:
    import onnx

_LAYOUT = frozenset({"Flatten", "Reshape", "Squeeze", "Transpose", "Unsqueeze"})
"""Operators that only lay numbers out anew; what they give has no maps that the tensor before would not have."""
_WEIGHTS_ARE_NO_INPUTS = 4
"""The version of the format since which weights need not be listed as inputs; listed, each could be overridden."""


@dataclass(frozen=True)
class OnnxGraph:
    """An ONNX network from faces to embeddings.

    Attributes:
        path: Path of its file.
        sha256: SHA-256 of the file or, if its weights lie in further files, of the sha256 of all of them.
        model: The network, weights included.
        input: Name of the tensor that takes the faces.
        one_by_one: Whether it declares that it takes one face at a time.
        size: ``(height, width)`` of the faces in pixels; None for any size.
        embedding: Name of the first output.
    """

    path: Path
    sha256: str
    model: onnx.ModelProto
    input: str
    one_by_one: bool
    size: tuple[int, int] | None
    embedding: str

    def tensors(self) -> list[str]:
        """Return the names of all tensors between the faces and the embedding, the last first, without reshapes."""
        wanted, found, others = {self.embedding}, [], {self.embedding, *self.constants()}
        for node in reversed(self.model.graph.node):  # ONNX demands the order in which they can be computed
            if wanted.intersection(node.output):
                wanted.update(tensors_read(node))
                if node.op_type not in _LAYOUT:
                    found += [name for name in node.output if name not in others]
        return found

    def constants(self) -> set[str]:
        """Return the names of all tensors that do not depend on the faces."""
        held = self.model.graph
        known = {"", *(weight.name for weight in held.initializer)}  # "" is an input that is left out
        known |= {weight.values.name for weight in held.sparse_initializer}
        for node in held.node:
            if known.issuperset(tensors_read(node)):
                known.update(node.output)
        return known

    def part_computing(self, outputs: list[str]) -> bytes:
        """Return the part of the network that computes some tensors, whatever their shape, as the bytes of a file."""
        return self._part(outputs, self.model.graph.input)

    def part_from(self, tensor: str) -> bytes:
        """Return the part of the network from a tensor to the embedding, as the bytes of a file."""
        import onnx

        takes = onnx.helper.make_tensor_value_info(tensor, onnx.TensorProto.FLOAT, None)
        return self._part([self.embedding], [takes])

    def _part(self, outputs: list[str], inputs: Iterable[onnx.ValueInfoProto]) -> bytes:
        import onnx

        takes = list(inputs)
        wanted, nodes, given = set(outputs), [], {value.name for value in takes}
        for node in reversed(self.model.graph.node):  # ONNX demands the order in which they can be computed
            if (wanted - given).intersection(node.output):
                wanted.update(tensors_read(node))
                nodes.append(node)
        model = onnx.ModelProto()
        model.CopyFrom(self.model)
        for field in (model.graph.node, model.graph.input, model.graph.output):
            del field[:]
        held = self.model.graph
        for field in (model.graph.initializer, model.graph.sparse_initializer):
            del field[:]
        model.graph.initializer.extend(weight for weight in held.initializer if weight.name in wanted)
        model.graph.sparse_initializer.extend(each for each in held.sparse_initializer if each.values.name in wanted)
        model.graph.node.extend(reversed(nodes))
        model.graph.input.extend(takes)
        model.graph.output.extend(onnx.ValueInfoProto(name=name) for name in outputs)
        return model.SerializeToString()


def read_graph(path: Path) -> OnnxGraph:
    """Read and check an ONNX file.

    Raises:
        InputError: The file, or one beside it that holds its weights, is missing, cut
            short, damaged or not ONNX; the network does not take one batch of colour pictures; it holds NaN or Inf.
    """
    model, sha256 = read_model(path)
    import onnx

    graph = model.graph
    if not graph.node or not graph.output:
        raise InputError(f"{path} is not a whole ONNX file: it holds no network. Fetch or copy it again.")
    weights = {tensor.name for tensor in graph.initializer}
    weights |= {tensor.values.name for tensor in graph.sparse_initializer}
    read = set[str]().union(*(tensors_read(node) for node in graph.node))
    # Old files list their weights as well, and tools that replace weights leave the old ones listed.
    inputs = [value for value in graph.input if value.name in read - weights]
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
    only, first = onnx.ValueInfoProto(), inputs[0]
    only.CopyFrom(first)
    del graph.input[:]
    graph.input.append(only)
    model.ir_version = max(model.ir_version, _WEIGHTS_ARE_NO_INPUTS)
    size = (height, width) if height and width else None
    return OnnxGraph(path, sha256, model, only.name, batch == 1, size, graph.output[0].name)


def _described(value: onnx.ValueInfoProto) -> str:
    import onnx

    kind = value.type.tensor_type
    sides = "x".join(str(side.dim_value or side.dim_param or "?") for side in kind.shape.dim)
    return f"{value.name} ({onnx.TensorProto.DataType.Name(kind.elem_type).lower()} {sides or 'of unknown shape'})"
