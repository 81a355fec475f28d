"""A sealed checkpoint is a zip file for every program, and no bit of it can change without notice."""

import zipfile
from pathlib import Path

import pytest
import torch

from fdemd.checkpoints.sealing import is_sealed, is_whole, seal


@pytest.fixture
def sealed(tmp_path: Path) -> Path:
    path = tmp_path / "last.ckpt"
    with path.open("wb") as file:
        torch.save({"weight": torch.arange(10.0)}, file)
        seal(path, file)
    return path


def test_a_sealed_file_is_read_by_everyone(sealed: Path) -> None:
    assert is_sealed(sealed) and is_whole(sealed)
    assert torch.load(sealed, weights_only=True)["weight"].tolist() == list(range(10))
    with zipfile.ZipFile(sealed) as archive:
        assert archive.testzip() is None
        assert archive.comment.startswith(b"sha256")


def test_every_flipped_bit_is_found(sealed: Path) -> None:
    content = sealed.read_bytes()
    for position in range(len(content)):
        sealed.write_bytes(
            content[:position] + bytes([content[position] ^ 1 << position % 8]) + content[position + 1 :]
        )
        assert not is_whole(sealed), f"byte {position}"


@pytest.mark.parametrize("left", [0, 1, 50, -1, -64, -90])
def test_a_file_that_is_cut_short_is_found(sealed: Path, left: int) -> None:
    sealed.write_bytes(sealed.read_bytes()[:left])
    assert not is_whole(sealed)


def test_a_file_that_grew_is_found(sealed: Path) -> None:
    sealed.write_bytes(sealed.read_bytes() + b"0")
    assert not is_whole(sealed)
