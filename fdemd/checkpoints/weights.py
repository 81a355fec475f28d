"""Reading the weights of PyTorch networks: safetensors, or ``torch.load`` restricted to plain tensors."""

from __future__ import annotations

import io
import mmap
import pickle
import re
import reprlib
import warnings
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO, cast

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from fdemd.checkpoints.kinds import (
    BACKBONE,
    PREFIXES,
    PYTORCH,
    SAFETENSORS,
    ZIP,
    kind_of,
    model_of,
    refuse_others,
    without_prefixes,
)
from fdemd.checkpoints.weights_pickle import DryRun, RefusedError
from fdemd.errors import InputError

_WRAPPERS = ("state_dict", "net_state_dict", "model_state_dict", "model")
"""Keys under which training programs keep the tensors, beside the epoch and the optimizer."""
_WRAPPED = 8
"""Wrappers within wrappers; one that contains itself would have no end."""
_TYPES = frozenset(
    {
        *(torch.float64, torch.float32, torch.float16, torch.bfloat16),
        *(torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8, torch.bool),
    }
)
_FOLDER = 0x10
"""The attribute by which a zip file marks a folder."""
_PICKLES_BEFORE_NUMBERS = 5
"""In a file of PyTorch before version 1.6."""
_SHOWN = 3
"""Keys that one error names."""
_LONGEST = 200
"""Characters of a key that an error shows."""
_OTHER = "Choose the model that they were trained with, or another file"


def is_tensor_file(path: Path) -> bool:
    """Return whether a file begins like safetensors or like a file of ``torch.save``, as :func:`read_weights` reads.

    Raises:
        InputError: The file cannot be read.
    """
    return kind_of(path) in (SAFETENSORS, PYTORCH)


def read_weights(path: Path) -> dict[str, Tensor]:
    """Read the tensors of a weight file by name, on the CPU, in the file's own types.

    The format is recognised by the content, not by the ending of the name. The tensors may lie in a wrapper, as in the
    checkpoints of Lightning (``state_dict``); of the checkpoints of train.py only those of the network are read.
    Nothing in the file can run.

    A safetensors file has no checksum of its own, nor has a PyTorch file from before version 1.6: there only the
    sha256 of a card (:func:`fdemd.checkpoints.weights_file`) finds a wrong bit inside a weight that stays finite.

    Raises:
        InputError: The file is missing, damaged or another model's, asks to run code or for more memory than its
            tensors need, holds something that is not a plain tensor, or holds NaN or Inf.
    """
    refuse_others(path, SAFETENSORS, PYTORCH)
    content = _read_safetensors(path) if kind_of(path) == SAFETENSORS else _read_pytorch(path)
    weights = _unwrapped(content, path)
    for key, tensor in weights.items():
        if not tensor.isfinite().all():
            found = "NaN" if tensor.isnan().any() else "Inf"
            raise InputError(f"{path} holds {found} in {_named(key)}; take another copy or an earlier epoch.")
    return weights


def load_weights(module: nn.Module, weights: Mapping[str, Tensor], path: Path, *, unused: Sequence[str] = ()) -> None:
    """Copy ``weights`` into ``module``, all of them, cast to the module's types (float16 files).

    The prefixes of DataParallel and torch.compile are taken off. ``num_batches_tracked`` may be missing: PyTorch
    before 0.4.1 did not keep it, and it is not read in evaluation.

    Args:
        module: The module; it is unchanged if the weights are refused.
        weights: Weights, see :func:`read_weights`.
        path: Path of their file, for errors.
        unused: Beginnings of keys that may be in the file although the module has no such keys, such as ``logits.``.

    Raises:
        InputError: Keys are missing or unexpected, or shapes differ.
    """
    expected = module.state_dict()
    named: dict[str, Tensor] = {}
    for key, tensor in weights.items():
        name = without_prefixes(key, expected=expected)
        if name in named:
            raise InputError(f"{path} holds {_named(name)} twice, with and without a prefix such as {PREFIXES[0]!r}.")
        named[name] = tensor
    missing = [key for key in expected if key not in named and not key.endswith("num_batches_tracked")]
    unexpected = [key for key in named if key not in expected and not key.startswith(tuple(unused))]
    common = {key: tensor for key, tensor in named.items() if key in expected}
    unfit = [
        f"{key} (expected {_described(expected[key])}, found {_described(tensor)})"
        for key, tensor in common.items()
        if tensor.shape != expected[key].shape or (expected[key].is_floating_point() and not tensor.is_floating_point())
    ]
    found = [("missing", missing), ("unexpected", unexpected), ("not of the right shape or type", unfit)]
    problems = [f"{what}: {_first(keys)}" for what, keys in found if keys]
    if problems:
        theirs, ours = model_of(weights), model_of(expected)
        advice = f"They look like those of {theirs}; use that" if theirs and theirs != ours else _OTHER
        raise InputError(
            f"The weights in {path} are not those of {type(module).__name__}: {'; '.join(problems)}. {advice}."
        )
    module.load_state_dict(common, strict=False)


def _read_safetensors(path: Path) -> dict[str, Tensor]:
    try:
        return load_file(path)
    except (SafetensorError, OSError) as error:
        raise _damaged(path, "safetensors", str(error)) from error


def _read_pytorch(path: Path) -> Any:
    try:
        with path.open("rb") as file:
            zipped = file.read(len(ZIP)) == ZIP  # as PyTorch tells it
        if zipped:
            _check_archive(path)
        else:
            _check_old_file(path)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about old formats; what cannot be read is told below
            return torch.load(path, map_location="cpu", weights_only=True)
    except RefusedError as error:
        raise InputError(
            f"{path} is refused: {error}. Open it with the program that wrote it, outside fdemd, and save the tensors "
            "alone: torch.save(model.state_dict(), 'weights.pth')."
        ) from error
    except pickle.UnpicklingError as error:
        if names := _unsafe_names(path, error):
            raise InputError(
                f"{path} is refused because reading it would run code: it calls for {_first(names)}, and only plain "
                "tensors are loaded. If you trust the file, open it with the program that wrote it, outside fdemd, "
                "and save the tensors alone: torch.save(model.state_dict(), 'weights.pth')."
            ) from error
        # PyTorch's own message advises to load the file without the restriction: not repeated here.
        raise _damaged(path, "PyTorch", "no pickle of plain tensors can be read from it") from error
    except Exception as error:  # a damaged pickle can fail in any way: KeyError, EOFError, struct.error, ...
        raise _damaged(path, "PyTorch", str(error) or type(error).__name__) from error


def _check_archive(path: Path) -> None:
    """Refuse damage that PyTorch's reader accepts: it compares no checksums, and leaves the tensors of a folder unset.

    Members that it would read otherwise than Python's reader (compressed ones, two of one name) are refused: no
    ``torch.save`` writes them.
    """
    room = path.stat().st_size
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
        names = {member.filename.casefold() for member in members}
        if len(names) != len(members):
            raise zipfile.BadZipFile("it holds two members of one name")
        for member in members:
            if member.external_attr & _FOLDER:
                raise zipfile.BadZipFile(f"{_named(member.filename)} inside it is marked as a folder")
            if member.filename.casefold().endswith("/constants.pkl"):  # PyTorch finds it by any case
                raise zipfile.BadZipFile("it is a TorchScript program; save the state_dict of the model instead")
            if member.compress_type != zipfile.ZIP_STORED:
                raise zipfile.BadZipFile("its members are packed, which those of torch.save are not; unpack it")
        if min((member.header_offset for member in members), default=0):
            raise zipfile.BadZipFile("it does not begin with its first member")
        if sum(member.file_size for member in members) > room:
            raise zipfile.BadZipFile("its members should be larger than the whole file")
        damaged = archive.testzip()
        if damaged is not None:
            raise zipfile.BadZipFile(f"the checksum of {_named(damaged)} inside it is wrong")
        sizes = {
            member.filename.partition("/data/")[2]: member.file_size
            for member in members
            if "/data/" in member.filename
        }
        for member in members:
            if member.filename.casefold().endswith(".pkl"):
                with archive.open(member) as file:
                    DryRun(room, sizes).follow(io.BytesIO(file.read()))


def _check_old_file(path: Path) -> None:
    """Follow the pickles of a file of PyTorch before version 1.6, which precede the numbers."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        run = DryRun(len(content))
        for _ in range(_PICKLES_BEFORE_NUMBERS):
            run.follow(cast(BinaryIO, content))


def _unsafe_names(path: Path, error: pickle.UnpicklingError) -> list[str]:
    """Return the functions and classes that a file asks to call; empty if the error is another one."""
    try:
        return sorted(torch.serialization.get_unsafe_globals_in_checkpoint(path))
    except Exception:  # only zip files can be listed; the error itself names the first one
        return re.findall(r"GLOBAL ([\w.]+)", str(error))


def _damaged(path: Path, format_name: str, reason: str) -> InputError:
    reason = reason.strip().partition("\n")[0].rstrip(".")  # the rest is PyTorch's C++ stack
    return InputError(
        f"{path} is not a whole {format_name} weight file: it is cut short, damaged or of another kind ({reason}). "
        "Fetch or copy it again."
    )


def _unwrapped(content: Any, path: Path) -> dict[str, Tensor]:
    """Return the dictionary of tensors inside the content of a file."""
    for _ in range(_WRAPPED):
        inner = isinstance(content, Mapping) and [content[key] for key in _WRAPPERS if key in content]
        wrapped = next((each for each in inner or () if isinstance(each, Mapping)), None)
        if wrapped is None:
            break
        content = wrapped
    else:
        raise InputError(f"{path} holds dictionaries within dictionaries without end, and no tensors.")
    if not isinstance(content, Mapping):
        raise InputError(f"{path} holds no dictionary of tensors but an object of type {type(content).__name__}.")
    for key, value in content.items():
        if not isinstance(key, str) or not isinstance(value, Tensor):
            raise InputError(
                f"{path} holds no dictionary of tensors: the value of {reprlib.repr(key)} is of type "
                f"{type(value).__name__}."
            )
        if value.layout is not torch.strided or value.is_nested or value.is_quantized or value.is_meta:
            raise InputError(
                f"{path} holds a tensor without plain numbers, {_named(key)}: sparse, nested, quantised or empty."
            )
        if value.dtype not in _TYPES:
            raise InputError(
                f"{path} holds numbers of type {str(value.dtype).removeprefix('torch.')} in {_named(key)}, which are "
                "not computed with here; convert them to float16, bfloat16 or float32."
            )
    if not content:
        raise InputError(f"{path} holds no tensors at all.")
    weights = {key: tensor.detach() for key, tensor in content.items()}
    network = {key.removeprefix(BACKBONE): tensor for key, tensor in weights.items() if key.startswith(BACKBONE)}
    return network or weights


def _described(tensor: Tensor) -> str:
    """Return the shape and, where it matters, the type of a tensor as text."""
    shape = "x".join(map(str, tensor.shape)) or "a single number"
    return shape if tensor.is_floating_point() else f"{shape} of {str(tensor.dtype).removeprefix('torch.')}"


def _named(key: str) -> str:
    """Return a key as text for an error, cut and printable: anybody may have written it."""
    return key if len(key) <= _LONGEST else f"{key[:_LONGEST]}..."


def _first(items: Iterable[str]) -> str:
    items = [_named(item) for item in items]
    more = len(items) - _SHOWN
    return ", ".join(items[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
