"""Training sets of any size with few distinct pictures: the files and their number cost, not what they show."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from fdemd.runs.steady_progress import track

SIDE = 112
"""Pixels of the pictures, as InsightFace packs faces."""
_A_PERSON = 46
"""Photographs of a person, as in CASIA-WebFace."""
_DISTINCT = 64
_MAGIC = 0xCED7230A


class Made(NamedTuple):
    """A picture of a made-up training set: its number, that of its person, and its file."""

    number: int
    person: int
    content: bytes


def pictures(images: int) -> Iterator[Made]:
    """Return the pictures of a training set, those of a person one after another.

    Args:
        images: Number of pictures.
    """
    contents = [_picture(number) for number in range(_DISTINCT)]
    for number in track(range(images), "Making pictures"):
        yield Made(number, number // _A_PERSON, contents[number % _DISTINCT])


def make_folders(folder: Path, images: int) -> Path:
    """Write pictures as aligned faces, a folder a person, and return their manifest."""
    folder.mkdir(parents=True)
    manifest = folder / "manifest.csv"
    with manifest.open("w", encoding="utf-8") as rows:
        rows.write("path,identity,aligned\n")
        for number, person, content in pictures(images):
            path = folder / f"{person:06d}" / f"{number:08d}.jpg"
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(content)
            rows.write(f"{person:06d}/{number:08d}.jpg,{person:06d},insightface\n")
    return manifest


def make_records(folder: Path, images: int) -> Path:
    """Write pictures as MXNet's ``train.rec`` with its index, and return it."""
    folder.mkdir(parents=True)
    file = folder / "train.rec"
    with file.open("wb") as records, file.with_suffix(".idx").open("w", encoding="ascii") as index:
        for number, person, content in pictures(images):
            index.write(f"{number}\t{records.tell()}\n")
            data = struct.pack("<IfQQ", 0, person, number + 1, 0) + content
            records.write(struct.pack("<II", _MAGIC, len(data)) + data + bytes(-len(data) % 4))
    return file


def _picture(number: int) -> bytes:
    """A smooth picture as JPEG, in about a kilobyte."""
    coarse = np.random.default_rng(number).integers(0, 256, (4, 4, 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(coarse).resize((SIDE, SIDE), Image.Resampling.BICUBIC).save(file, "JPEG", quality=50)
    return file.getvalue()
