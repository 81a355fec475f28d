"""The kind of a weight file, recognised by its content, and its model, recognised by its keys."""

from __future__ import annotations

from collections.abc import Container, Iterable
from pathlib import Path

from fdemd.errors import InputError

SAFETENSORS, PYTORCH, ONNX, DLIB = "safetensors", "PyTorch", "ONNX", "dlib"

ZIP = b"PK\x03\x04"
_OLD_PYTORCH = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."
"""A pickle of the number by which PyTorch before version 1.6 knows its files."""
_ONNX_VERSION, _ONNX_VERSIONS = 0x08, 64
"""The field ``ir_version`` that an ONNX file begins with, and more versions than there will be for long."""
_ONNX_NEXT = b"\x12\x1a\x22\x28\x32\x3a\x42"
"""What follows ``ir_version`` in an ONNX file: another field of a model (onnx.proto), by its number and type."""
_DLIB_NETWORK = b"\x01\x01\x01\x0dloss_metric_"
_BEGINNING = 64

PREFIXES = ("module.", "_orig_mod.")
"""What DataParallel and torch.compile put before each key."""
BACKBONE = "backbone."
"""What the keys of a network begin with in a checkpoint of train.py, beside the class weights."""
_TELLING = {
    "conv2d_1a.conv.weight": "model=facenet",
    "gdconv.depthwise.weight": "model=mobilefacenet model.variant=foamliu",
    "linear7.conv.weight": "model=mobilefacenet model.variant=xiaoccer",
    "fc5.weight": "model=arcface",
    "layer3.2.prelu1.weight": "model=cosface",
    "groups.0.0.conv1.weight": "model=dlib",
    "pre_fc1.weight": "model=sface",
    "trunk.": "model=timm",
}
"""A key, or the beginning of one, that only the weights of one model have."""
_IRESNET_DEPTHS = {2: 18, 6: 34, 14: 50, 30: 100}
"""Blocks of the third layer -> depth."""


def kind_of(path: Path) -> str | None:
    """Return the kind of a file, one of the constants above; None for any other.

    Raises:
        InputError: The file cannot be read.
    """
    try:
        with path.open("rb") as file:
            start = file.read(_BEGINNING)
    except OSError as error:
        raise InputError(f"The weight file {path} cannot be read: {error.strerror}.") from error
    if start[8:9] == b"{":
        return SAFETENSORS
    if start.startswith((ZIP, _OLD_PYTORCH)):
        return PYTORCH
    if start.startswith(_DLIB_NETWORK):
        return DLIB
    if len(start) > 2 and start[0] == _ONNX_VERSION and start[1] < _ONNX_VERSIONS and start[2] in _ONNX_NEXT:
        return ONNX
    return None


def refuse_others(path: Path, *wanted: str) -> None:
    """Refuse a file of a known kind that belongs to another model, and name that model.

    Raises:
        InputError: The file is of a known kind that is not wanted.
    """
    kind = kind_of(path)
    if kind == ONNX and ONNX not in wanted:
        raise InputError(f"{path} is an ONNX network, not weights for this model; use it with model=onnx.")
    if kind == DLIB and DLIB not in wanted:
        raise InputError(f"{path} is a network of dlib's, not weights for this model; use it with model=dlib.")


def model_of(keys: Iterable[str]) -> str | None:
    """Return the settings of the model whose weights have these keys, such as ``model=facenet``; None if unknown."""
    names = {without_prefixes(key, (*PREFIXES, BACKBONE)) for key in keys}
    for telling, settings in _TELLING.items():
        if telling in names or (telling.endswith(".") and any(name.startswith(telling) for name in names)):
            return settings
    blocks = sum(name.startswith("layer3.") and name.endswith(".bn3.weight") for name in names)
    if "features.weight" in names and blocks in _IRESNET_DEPTHS:
        return f"model=iresnet model.depth={_IRESNET_DEPTHS[blocks]}"
    return None


def without_prefixes(key: str, prefixes: tuple[str, ...] = PREFIXES, expected: Container[str] = ()) -> str:
    """Return a key without the prefixes of wrappers such as DataParallel, or up to where it is an expected key."""
    while key not in expected and key.startswith(prefixes):
        key = key.split(".", 1)[1]
    return key
