"""Weight files, whole and changed."""

import zipfile
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from fdemd.checkpoints.weights import read_weights
from fdemd.errors import InputError


def network() -> nn.Sequential:
    return nn.Sequential(OrderedDict(conv=nn.Conv2d(3, 4, 3), bn=nn.BatchNorm2d(4)))


def state() -> dict[str, Tensor]:
    torch.manual_seed(0)
    return dict(network().state_dict())


def equal(found: dict[str, Tensor], expected: dict[str, Tensor]) -> bool:
    return found.keys() == expected.keys() and all(
        found[key].dtype == tensor.dtype and torch.equal(found[key], tensor) for key, tensor in expected.items()
    )


def save(weights: Any, path: Path) -> Path:
    if path.suffix == ".safetensors":
        save_file(weights, path)
    else:
        torch.save(weights, path)
    return path


def refusal(path: Path) -> str:
    """The sentence with which a file is refused, the file's path cut off."""
    with pytest.raises(InputError) as error:
        read_weights(path)
    assert str(path) in str(error.value)
    return str(error.value).replace(str(path), "FILE")


ALONE = (
    "Open it with the program that wrote it, outside fdemd, and save the tensors alone: "
    "torch.save(model.state_dict(), 'weights.pth')."
)


def rewrite(path: Path, change: Callable[[bytes], bytes], method: int = zipfile.ZIP_STORED) -> None:
    """Write a zip file anew, its checksums right, with its pickle changed."""
    with zipfile.ZipFile(path) as archive:
        members = {member.filename: archive.read(member) for member in archive.infolist()}
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, change(content) if name.endswith("/data.pkl") else content)


def pickled(path: Path, instructions: bytes) -> Path:
    """A file whose pickle consists of these instructions."""
    save({"fc": torch.ones(4)}, path)
    rewrite(path, lambda _: b"\x80\x02" + instructions + b".")
    return path
