"""Made-up embeddings of any number of faces, as a file that is mapped."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import normalize

from fdemd.files.writing import check_room
from fdemd.runs.steady_progress import track

_A_PERSON = 10
"""Photographs of a person."""
_NOISE = 0.8
"""Spread of a person's photographs, in that of people: two of them have a cosine of 0.6 on average."""
_BENT = 32
"""Directions vary as ``1 / (1 + number / 32)``: of 512 some 80 matter, since embeddings do not fill their space."""
_AT_ONCE = _A_PERSON * 2**13


def embeddings(path: Path, rows: int, length: int, seed: int = 0) -> Tensor:
    """Return embeddings ``(rows, length)`` in float16, mapped from a file that is made unless it is there.

    Args:
        path: The file.
        rows: Number of faces, those of a person one after another.
        length: Numbers of an embedding.
        seed: Seed of what is made up.

    Raises:
        InputError: The disk has no room for them.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        check_room(path.parent, 2 * rows * length, "the embeddings")
        generator, unfinished = torch.Generator().manual_seed(seed), path.with_suffix(".part")
        with unfinished.open("wb") as file:
            for first in track(range(0, rows, _AT_ONCE), "Making embeddings"):
                some = min(_AT_ONCE, rows - first)
                people = _drawn(-(-some // _A_PERSON), length, generator).repeat_interleave(_A_PERSON, 0)[:some]
                found = normalize(people + _NOISE * _drawn(some, length, generator))
                file.write(found.half().numpy().data)
        unfinished.rename(path)
    return torch.from_numpy(np.memmap(path, np.float16, mode="r+", shape=(rows, length)))


def queries_of(gallery: Tensor, count: int, seed: int = 1) -> Tensor:
    """Return further photographs ``(count, length)`` of people all over the gallery."""
    generator = torch.Generator().manual_seed(seed)
    rows = torch.linspace(0, len(gallery) - 1, count).long()
    return normalize(gallery[rows].float() + _NOISE * normalize(_drawn(count, gallery.shape[1], generator)))


def _drawn(count: int, length: int, generator: torch.Generator) -> Tensor:
    return torch.randn(count, length, generator=generator) / (1 + torch.arange(length) / _BENT)
