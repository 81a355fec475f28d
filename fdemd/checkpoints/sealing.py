"""The checksum of a whole checkpoint, in the comment that the zip format has at its end.

PyTorch's reader compares no checksum at all, and those of the zip format leave out the table of contents. A file with
this seal stays a zip file for every program, and no bit of it can change without notice.
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
        path: of the file.
        file: the same, open for writing.
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
    """Whether a file ends with a seal, whole or not."""
    return _parts(path)[0] == _LABEL


def is_whole(path: Path) -> bool:
    """Whether a file is sealed, and every bit is as it was then."""
    label, expected = _parts(path)
    return label == _LABEL and _digits(path, path.stat().st_size - len(expected)) == expected


def _parts(path: Path) -> tuple[bytes, bytes]:
    """The label and the digits at the end of a file."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _SEAL))
        end = file.read()
    return end[: len(_LABEL)], end[len(_LABEL) :]


def _digits(path: Path, size: int) -> bytes:
    """The sha256 of the first bytes of a file."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while size and (part := file.read(min(size, 1 << 20))):
            digest.update(part)
            size -= len(part)
    return digest.hexdigest().encode()
