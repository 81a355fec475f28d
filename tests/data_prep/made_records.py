"""Faces packed as RecordIO."""

import io
import struct
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from PIL import Image

PEOPLE = {0: 3, 1: 2, 10: 1}
"""Label -> number of pictures."""


def jpeg(number: int, size: tuple[int, int] = (112, 112)) -> bytes:
    """A picture of smooth colours that no two numbers share."""
    rng = np.random.default_rng(number)
    small = Image.fromarray(rng.integers(0, 256, (6, 6, 3), dtype=np.uint8))
    file = io.BytesIO()
    small.resize(size).save(file, "JPEG", quality=95)
    return file.getvalue()


def pack(
    folder: Path,
    size: tuple[int, int] = (112, 112),
    people: Mapping[int, int] = PEOPLE,
    encoded: Callable[[int, int], bytes] | None = None,
) -> dict[int, int]:
    """Write ``train.rec``, ``train.idx`` and ``property`` in InsightFace's order; return number -> position.

    ``encoded`` gives the picture of a label and a number, by default :func:`jpeg`.
    """
    entries: list[tuple[int, tuple[float, ...], bytes]] = []
    ranges, number = [], 1
    for label, count in people.items():
        ranges.append((number, number + count))
        for _ in range(count):
            entries.append((number, (label,), encoded(label, number) if encoded else jpeg(number, size)))
            number += 1
    first_person = number
    for borders in ranges:
        entries.append((number, borders, b""))
        number += 1
    entries.append((0, (first_person, number), b""))
    content, positions = b"", {}
    for number, labels, picture in entries:
        header = struct.pack("<IfQQ", 0 if len(labels) == 1 else len(labels), labels[0], number, 0)
        data = header + (struct.pack(f"<{len(labels)}f", *labels) if len(labels) > 1 else b"") + picture
        assert b"\x0a\x23\xd7\xce" not in data, "this writer does not divide records"
        positions[number] = len(content)
        content += b"\x0a\x23\xd7\xce" + struct.pack("<I", len(data)) + data + bytes(-len(data) % 4)
    folder.mkdir(exist_ok=True)
    (folder / "train.rec").write_bytes(content)
    (folder / "train.idx").write_text("".join(f"{number}\t{at}\n" for number, at in positions.items()))
    (folder / "property").write_text(f"{len(people)},{size[1]},{size[0]}")
    return positions
