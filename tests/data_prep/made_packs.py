"""Packs of pairs as the versions of Python write them."""

import pickle
from pathlib import Path

from data_prep.packs import Pack

PICTURES = [bytes(range(256)), b"\xff\xd8\xff\xe0 a JPEG", b"one more", bytes([0, 10, 13]) * 30_000]


PACK = Pack(tuple(PICTURES), (True, False))


def write(path: Path, content: object, protocol: int = 4) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else pickle.dumps(content, protocol))
    return path
