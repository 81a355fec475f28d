"""The one way in for weights of PyTorch networks: safetensors, or ``torch.load`` restricted to plain tensors."""

from __future__ import annotations

import pickle
import re
import warnings
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from fdemd.errors import InputError

_WRAPPERS = ("state_dict", "net_state_dict", "model_state_dict", "model")
"""Keys under which training programs keep the tensors, beside the epoch and the optimizer."""
_BACKBONE = "backbone."
"""What the keys of a network begin with in a checkpoint of train.py, beside the class weights."""
_PREFIXES = ("module.", "_orig_mod.")
"""What DataParallel and torch.compile put before each key."""
_ZIP = b"PK\x03\x04"
_FOLDER = 0x10
"""The attribute by which a zip file marks a folder."""
_SHOWN = 3
"""Keys that one error names."""


def is_tensor_file(path: Path) -> bool:
    """Whether a file begins like safetensors or like a file of ``torch.save``, for :func:`read_weights` to read."""
    with path.open("rb") as file:
        start = file.read(9)
    return start[8:] == b"{" or start.startswith(_ZIP)


def read_weights(path: Path) -> dict[str, Tensor]:
    """Tensors of a weight file by name, on the CPU, in the file's own types.

    The format is told by the content, not by the file's ending. The tensors may lie in a wrapper, as in the
    checkpoints of Lightning (``state_dict``); of those of train.py only the network's are taken. Nothing in the file
    can run.

    A safetensors file has no checksum of its own, nor has a PyTorch file from before version 1.6: there only the
    sha256 of a card (:func:`fdemd.checkpoints.weights_file`) finds a wrong bit inside a weight that stays finite.

    Raises:
        InputError: the file is missing, damaged, wants to run code, holds something that is not a tensor, or holds
            NaN or Inf.
    """
    try:
        with path.open("rb") as file:
            start = file.read(9)
    except OSError as error:
        raise InputError(f"The weight file {path} cannot be read: {error.strerror}.") from error
    content = _read_safetensors(path) if start[8:] == b"{" else _read_pytorch(path, start)
    weights = _unwrapped(content, path)
    for key, tensor in weights.items():
        if not tensor.isfinite().all():
            found = "NaN" if tensor.isnan().any() else "Inf"
            raise InputError(f"{path} holds {found} in {key}; take another copy or an earlier epoch.")
    return weights


def load_weights(module: nn.Module, weights: Mapping[str, Tensor], path: Path, *, unused: Sequence[str] = ()) -> None:
    """Copy ``weights`` into ``module``, all of them, cast to the module's types (float16 files).

    The prefixes of DataParallel and torch.compile are taken off. ``num_batches_tracked`` may be missing: PyTorch
    before 0.4.1 did not keep it, and it is not read in evaluation.

    Args:
        module: gets the weights; left as it was when they are refused.
        weights: as :func:`read_weights` gives them.
        path: their file, for what an error says.
        unused: beginnings of keys that may be in the file although the module has no such keys, such as ``logits.``.

    Raises:
        InputError: keys are missing or unexpected, or shapes differ.
    """
    expected = module.state_dict()
    named: dict[str, Tensor] = {}
    for key, tensor in weights.items():
        name = _without_prefixes(key, expected)
        if name in named:
            raise InputError(f"{path} holds {name} twice, with and without a prefix such as {_PREFIXES[0]!r}.")
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
        raise InputError(
            f"The weights in {path} are not those of {type(module).__name__}: {'; '.join(problems)}. "
            "Choose the model that they were trained with, or another file."
        )
    module.load_state_dict(common, strict=False)


def _read_safetensors(path: Path) -> dict[str, Tensor]:
    try:
        return load_file(path)
    except (SafetensorError, OSError) as error:
        raise _damaged(path, "safetensors", str(error)) from error


def _read_pytorch(path: Path, start: bytes) -> Any:
    try:
        if start.startswith(_ZIP):
            _check_archive(path)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about old formats; what cannot be read is told below
            return torch.load(path, map_location="cpu", weights_only=True)
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
    """Find what PyTorch's reader lets pass: it compares no checksums, and leaves the numbers of a folder unset."""
    with zipfile.ZipFile(path) as archive:
        damaged = archive.testzip()
        members = archive.infolist()
    if damaged is not None:
        raise zipfile.BadZipFile(f"the checksum of {damaged} inside it is wrong")
    for member in members:
        if member.external_attr & _FOLDER:
            raise zipfile.BadZipFile(f"{member.filename} inside it is marked as a folder")
        if member.filename.endswith("/constants.pkl"):
            raise zipfile.BadZipFile("it is a TorchScript program; save the state_dict of the model instead")


def _unsafe_names(path: Path, error: pickle.UnpicklingError) -> list[str]:
    """Functions and classes that the file wants to call; empty if the error is another one."""
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
    """The dictionary of tensors inside ``content``."""
    while isinstance(content, Mapping):
        wrapper = next((key for key in _WRAPPERS if isinstance(content.get(key), Mapping)), None)
        if wrapper is None:
            break
        content = content[wrapper]
    if not isinstance(content, Mapping):
        raise InputError(f"{path} holds no dictionary of tensors but an object of type {type(content).__name__}.")
    for key, value in content.items():
        if not isinstance(key, str) or not isinstance(value, Tensor):
            raise InputError(
                f"{path} holds no dictionary of tensors: the value of {key!r} is of type {type(value).__name__}."
            )
        if value.layout is not torch.strided or value.is_quantized or value.is_meta:
            raise InputError(f"{path} holds a tensor without plain numbers, {key}: sparse, quantised or empty.")
    if not content:
        raise InputError(f"{path} holds no tensors at all.")
    weights = {key: tensor.detach() for key, tensor in content.items()}
    network = {key.removeprefix(_BACKBONE): tensor for key, tensor in weights.items() if key.startswith(_BACKBONE)}
    return network or weights


def _without_prefixes(key: str, expected: Mapping[str, Tensor]) -> str:
    while key not in expected and key.startswith(_PREFIXES):
        key = key.split(".", 1)[1]
    return key


def _described(tensor: Tensor) -> str:
    """Shape and, where it decides, type of numbers."""
    shape = "x".join(map(str, tensor.shape)) or "a single number"
    return shape if tensor.is_floating_point() else f"{shape} of {str(tensor.dtype).removeprefix('torch.')}"


def _first(items: Iterable[str]) -> str:
    items = list(items)
    more = len(items) - _SHOWN
    return ", ".join(items[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
