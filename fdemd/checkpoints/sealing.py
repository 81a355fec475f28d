"""A checksum of a whole checkpoint, in the comment at the end of the zip file.

PyTorch's reader compares no checksum at all, and the checksums of the zip format leave out the table of contents. A
sealed file stays a zip file for every program, and no bit of it can change unnoticed.
"""

from __future__ import annotations

import hashlib
import os
import struct
from pathlib import Path
from typing import BinaryIO

_LABEL = b"sha256 of all before: "
_SEAL = len(_LABEL) + 2 * hashlib.sha256().digest_size
_END = struct.Struct("<4s16xH")
"""The end of a zip file: a signature and, last of its fields, the length of the comment that follows."""


def seal(path: Path, file: BinaryIO) -> None:
    """Seal a zip file that has just been written.

    Args:
        path: Path of the file.
        file: The same file, open for writing.
    """
    file.flush()
    with path.open("rb") as written:
        written.seek(-_END.size, os.SEEK_END)
        assert _END.unpack(written.read()) == (b"PK\5\6", 0), "PyTorch writes no comment"
    file.seek(-2, os.SEEK_END)
    file.write(struct.pack("<H", _SEAL) + _LABEL)
    file.flush()
    file.write(_digits(path, path.stat().st_size))


def is_sealed(path: Path) -> bool:
    """Return whether a file ends with a seal, intact or not."""
    return _parts(path)[0] == _LABEL


def is_whole(path: Path) -> bool:
    """Return whether a file is sealed and unchanged since."""
    label, expected = _parts(path)
    return label == _LABEL and _digits(path, path.stat().st_size - len(expected)) == expected


def _parts(path: Path) -> tuple[bytes, bytes]:
    """Return the label and the digits at the end of a file."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _SEAL))
        end = file.read()
    return end[: len(_LABEL)], end[len(_LABEL) :]


def _digits(path: Path, size: int) -> bytes:
    """Return the sha256 of the first bytes of a file."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while size and (part := file.read(min(size, 1 << 20))):
            digest.update(part)
            size -= len(part)
    return digest.hexdigest().encode()
