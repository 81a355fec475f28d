"""Reading an ONNX file and the files beside it that hold its weights; what no face network has is refused."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fdemd.checkpoints import sha256_of
from fdemd.checkpoints.kinds import ONNX, PYTORCH, SAFETENSORS, kind_of, model_of, refuse_others
from fdemd.checkpoints.weights import read_weights
from fdemd.errors import InputError

if TYPE_CHECKING:
    import onnx

_LARGEST = (1 << 31) - 1
"""Bytes that ONNX allows in one file, and here in all of a network's."""
_NODES = 100_000
"""Operators, those of functions counted at every call; a ResNet-100 has about 400."""
_CONDITIONS = frozenset({("", "If"), ("ai.onnx", "If")})
_DENSE = 1 << 28
"""Numbers of a sparse weight once it is written out, as onnxruntime does."""


def read_model(path: Path) -> tuple[onnx.ModelProto, str]:
    """Return the network of a file, weights included, and the sha256 of all its files.

    Raises:
        InputError: The file, or one beside it that holds its weights, is missing, cut
            short, damaged, outside of its folder, not ONNX or another model's; it holds NaN or Inf, or a loop.
    """
    import onnx

    refuse_others(path, ONNX, SAFETENSORS, PYTORCH)
    if kind_of(path) in (SAFETENSORS, PYTORCH):
        raise _weights_instead(path)
    try:
        if path.stat().st_size > _LARGEST:
            raise ValueError(f"it has more than {_LARGEST} bytes")
        model = onnx.load(path, load_external_data=False)
        del model.training_info[:]  # not run here
        _check_operators(path, model)
        digests = [sha256_of(path), *_take_in(path, model)]
        _check_weights(path, model)
    except InputError:
        raise
    except Exception as error:  # of protobuf, of onnx, of the system: a damaged file can fail in any way
        reason = " ".join(str(error).split())[:200].rstrip(".")
        raise InputError(
            f"{path} is not a whole ONNX file: it or a file with its weights is missing, cut short, damaged or of "
            f"another kind ({reason}). Fetch or copy it again."
        ) from error
    return model, digests[0] if len(digests) == 1 else hashlib.sha256("".join(digests).encode()).hexdigest()


def _weights_instead(path: Path) -> InputError:
    try:
        model = model_of(read_weights(path))
    except InputError:
        model = None
    advice = f"they look like those of {model}: use that" if model else "use the model that they were trained with"
    return InputError(f"{path} holds weights of a PyTorch network, not an ONNX network; {advice}.")


def _messages(message: Any) -> Iterator[Any]:
    """Yield a protobuf message and all messages inside it, whatever fields future versions of ONNX add."""
    yield message
    for described, value in message.ListFields():
        if described.message_type is not None:
            for each in [value] if hasattr(value, "ListFields") else value:
                yield from _messages(each)


def _graphs(node: onnx.NodeProto) -> list[onnx.GraphProto]:
    """Return the graphs inside an operator: the branches of a condition, the body of a loop."""
    return [
        graph
        for attribute in node.attribute
        for graph in ([attribute.g] if attribute.HasField("g") else []) + list(attribute.graphs)
    ]


def tensors_read(node: onnx.NodeProto) -> set[str]:
    """Return the names of all tensors that an operator may read: its inputs, and those of the graphs inside it.

    Tensors that are computed inside are among them; ONNX demands that no tensor outside has their names.
    """
    names = set(node.input)
    for graph in _graphs(node):
        names.update(value.name for value in graph.output)
        names.update(*(tensors_read(inside) for inside in graph.node))
    return names


def _check_operators(path: Path, model: onnx.ModelProto) -> None:
    """Refuse loops, which may run 2 ** 62 times, and more operators than any face network has.

    Conditions stay: PyTorch exports some for sizes that it does not know, such as that of ``torch.squeeze``.
    """
    import onnx

    functions = {(function.domain, function.name): function for function in model.functions}
    counted: dict[tuple[str, str], int] = {}

    def count(nodes: Any) -> int:
        found = 0
        for node in nodes:
            inside = _graphs(node)
            if inside and (node.domain, node.op_type) not in _CONDITIONS:
                raise InputError(
                    f"{path} holds control flow ({node.op_type}), which has no place in a face network; export the "
                    "network for one fixed size, without loops."
                )
            found += sum(count(graph.node) for graph in inside)
            called = (node.domain, node.op_type)
            if called in functions and called not in counted:
                counted[called] = _NODES  # one that calls itself has no end
                counted[called] = count(functions[called].node)
            found += counted.get(called, 1)
        return found

    if (found := count(model.graph.node)) >= _NODES:
        raise InputError(f"{path} is not a face recognition network: it has {found:,} operators or more.")
    for message in _messages(model):
        if isinstance(message, onnx.SparseTensorProto) and not 0 <= prod(message.dims) <= _DENSE:
            raise InputError(f"{path} is refused: a sparse weight of it would have {shape_text(message.dims)} numbers.")


def _take_in(path: Path, model: onnx.ModelProto) -> list[str]:
    """Move the weights that lie in files of their own into the model; return the sha256 of these files by name."""
    import onnx
    from onnx.external_data_helper import ExternalDataInfo

    folder, files, room = path.parent.resolve(), {}, _LARGEST - path.stat().st_size
    for tensor in _messages(model):
        if not isinstance(tensor, onnx.TensorProto) or tensor.data_location != onnx.TensorProto.EXTERNAL:
            continue
        info = ExternalDataInfo(tensor)
        file = _beside(path, folder, info.location)
        size, start = file.stat().st_size, info.offset or 0
        length = size - start if info.length is None else info.length
        if not (0 <= start <= start + length <= size):
            raise InputError(
                f"{path} takes {length} bytes of {tensor.name or 'a constant'} from byte {start} of {file.name}, which "
                f"has {size}; fetch or copy both again."
            )
        room -= length
        if room < 0:
            raise InputError(
                f"{path} and what it takes from the files beside it have more than {_LARGEST} bytes; no face network "
                "has."
            )
        with file.open("rb") as content:
            content.seek(start)
            tensor.raw_data = content.read(length)
        tensor.ClearField("external_data")
        tensor.ClearField("data_location")
        files[info.location] = file
    return [sha256_of(files[name]) for name in sorted(files)]


def _beside(path: Path, folder: Path, location: str) -> Path:
    """Return the path of a file with weights, which must lie in the folder of the model."""
    named = folder / location
    if not location or Path(location).is_absolute() or ".." in Path(location).parts:
        raise InputError(f"{path} takes its weights from {location!r}, which is not a file in its own folder.")
    file = named.resolve()
    if not file.is_relative_to(folder):
        raise InputError(f"{path} takes its weights from {location}, a link out of its own folder; put the file there.")
    if not file.is_file():
        raise ValueError(f"{location} does not exist or is no file")
    return file


def _check_weights(path: Path, model: onnx.ModelProto) -> None:
    import onnx
    from onnx import numpy_helper

    graphs = [message for message in _messages(model) if isinstance(message, onnx.GraphProto)]
    for tensor in (
        weight
        for graph in graphs
        for weight in [*graph.initializer, *(sparse.values for sparse in graph.sparse_initializer)]
    ):
        values = numpy_helper.to_array(tensor)
        if np.issubdtype(values.dtype, np.floating) and not np.isfinite(values).all():
            found = "NaN" if np.isnan(values).any() else "Inf"
            raise InputError(f"{path} holds {found} in {tensor.name}; take another copy.")


def shape_text(sides: Iterable[int]) -> str:
    """Return a shape as text.

    >>> shape_text([64, 7, 7])
    '64x7x7'
    """
    return "x".join(map(str, sides))
