"""Layers in a file as dlib serialises them: tags, integers of variable length, float32."""

import struct
from pathlib import Path

import pytest
import torch

from fdemd.backbones import dlib_dat
from fdemd.backbones.dlib_dat import read_layers
from fdemd.errors import InputError


def integer(value: int) -> bytes:
    """A byte with the number of bytes (and the sign in its highest bit), then the bytes."""
    content = abs(value).to_bytes((abs(value).bit_length() + 7) // 8, "little")
    return bytes([len(content) | (0x80 if value < 0 else 0)]) + content


def layer(tag: str, values: list[float], version: int = 2) -> bytes:
    settings = dlib_dat._SETTINGS_BEFORE_TENSOR[tag]
    sizes = [len(values), 1, 1, 1]
    head = bytes([1, len(tag)]) + tag.encode()
    return (
        head
        + integer(-300) * settings
        + integer(version)
        + b"".join(map(integer, sizes))
        + struct.pack(f"<{len(values)}f", *values)
    )


def test_layers_are_read_in_order(tmp_path: Path) -> None:
    file = tmp_path / "net.dat"
    file.write_bytes(b"before" + layer("con_4", [1, 2, 3]) + b"between" + layer("fc_2", [4.5]))
    found = read_layers(file)
    assert [each.tag for each in found] == ["con_4", "fc_2"]
    assert torch.equal(found[0].values, torch.tensor([1.0, 2.0, 3.0]))
    assert found[1].values.tolist() == [4.5]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (layer("con_4", [1.0] * 9)[:-1], r"layer 1 \(con_4\): it should hold 9 numbers, but the file ends before"),
        (layer("con_4", [1.0], version=7), "format version 7, expected 2"),
    ],
)
def test_a_damaged_file_is_a_sentence(content: bytes, sentence: str, tmp_path: Path) -> None:
    (tmp_path / "net.dat").write_bytes(content)
    with pytest.raises(InputError, match=sentence):
        read_layers(tmp_path / "net.dat")


def test_a_file_without_layers_has_none(tmp_path: Path) -> None:
    (tmp_path / "net.dat").write_bytes(b"nothing of dlib's")
    assert read_layers(tmp_path / "net.dat") == []
