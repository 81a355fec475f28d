"""Reading the weights of dlib's serialised face network (a ``.dat`` file).

The file is a sequence of layer tags, each followed by the layer's settings and one tensor: a version (2), four
dimensions and raw little-endian float32. Integers have variable length: a byte with the number of bytes (and the sign
in its highest bit), then the bytes, little-endian. Only numbers are read; nothing in the file can run.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from fdemd.errors import InputError

_TAGS = re.compile(rb"\x01\x05con_4|\x01\x07affine_|\x01\x04fc_2")
_SETTINGS_BEFORE_TENSOR = {"con_4": 0, "affine_": 0, "fc_2": 2}
_TENSOR_VERSION = 2


@dataclass(frozen=True)
class Layer:
    """A layer with parameters.

    Attributes:
        tag: Kind of layer: ``con_4``, ``affine_`` or ``fc_2``.
        values: All of its parameters, float32, flat.
    """

    tag: str
    values: Tensor


def read_layers(path: Path) -> list[Layer]:
    """Read the layers with parameters, in the order in which the network applies them.

    Raises:
        InputError: The file cannot be read, or a tensor in it is cut short.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.") from error
    layers: list[Layer] = []
    end = 0
    for found in _TAGS.finditer(content):
        if found.start() < end:
            continue  # the bytes of a weight that happen to spell a tag
        tag = found.group()[2:].decode()
        try:
            values, end = _read_tensor(content, found.end(), _SETTINGS_BEFORE_TENSOR[tag])
        except (IndexError, ValueError) as error:
            raise InputError(
                f"{path} is not a whole dlib network, layer {len(layers) + 1} ({tag}): {error}."
            ) from error
        layers.append(Layer(tag, values))
    return layers


def _read_tensor(content: bytes, at: int, settings: int) -> tuple[Tensor, int]:
    for _ in range(settings):
        _, at = _read_integer(content, at)
    version, at = _read_integer(content, at)
    if version != _TENSOR_VERSION:
        raise ValueError(f"its tensor has format version {version}, expected {_TENSOR_VERSION}")
    size = 1
    for _ in range(4):
        dimension, at = _read_integer(content, at)
        size *= dimension
    if size < 0 or at + 4 * size > len(content):
        raise ValueError(f"it should hold {size} numbers, but the file ends before")
    return torch.from_numpy(np.frombuffer(content, "<f4", size, at).astype(np.float32)), at + 4 * size


def _read_integer(content: bytes, at: int) -> tuple[int, int]:
    length = content[at] & 0x0F
    value = int.from_bytes(content[at + 1 : at + 1 + length], "little")
    return (-value if content[at] & 0x80 else value), at + 1 + length
