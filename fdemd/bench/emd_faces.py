"""Patches of real faces for the benchmark of re-ranking, one set a grid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import interpolate, normalize

from fdemd.backbones import create_backbone
from fdemd.data.manifest import Manifest
from fdemd.errors import InputError
from fdemd.faces.reading import read_image
from fdemd.features import Features

_AT_ONCE = 32


@dataclass(frozen=True)
class Source:
    """The source of a grid: settings of a model, size of its faces if not its own, grid that it is pooled to."""

    model: dict[str, Any]
    face_size: tuple[int, int] | None = None
    pooled: tuple[int, int] | None = None


def installed_sources() -> dict[str, Source]:
    """Return grid -> source, from the network that is installed with fdemd: 8x8x128 and coarser."""
    grids = ((8, 8), (7, 7), (7, 6), (4, 4), (3, 3))
    return {f"{rows}x{columns}x128": Source({"backbone": "dlib"}, pooled=(rows, columns)) for rows, columns in grids}


def published_sources(folder: Path) -> dict[str, Source]:
    """Return grid -> source, from published weights in a folder; sizes as in the paper.

    The trunk of MobileFaceNet is convolutional: faces of 128x128 give it a grid of 8x8.

    Raises:
        InputError: A weight file is missing.
    """
    foamliu, xiaoccer = (
        {"backbone": "mobilefacenet", "variant": variant, "checkpoint": _weights(folder, f"mobilefacenet_{variant}")}
        for variant in ("foamliu", "xiaoccer")
    )
    facenet = {"backbone": "facenet", "checkpoint": _weights(folder, "20180402-114759")}
    return {
        "8x8x512": Source(foamliu, face_size=(128, 128)),
        "7x7x512": Source(foamliu),
        "7x6x512": Source(xiaoccer),
        "4x4x512": Source(foamliu, face_size=(128, 128), pooled=(4, 4)),
        "3x3x1792": Source(facenet),
    }


def _weights(folder: Path, name: str) -> str:
    found = sorted(path for path in folder.glob(f"*{name}*") if path.is_file())
    if not found:
        raise InputError(f"No weight file in {folder} has {name} in its name; give its folder with --weights DIR.")
    return str(found[0])


@torch.inference_mode()
def embed(source: Source, manifest: Manifest, rows: Sequence[int], dtype: torch.dtype = torch.float32) -> Features:
    """Embed photographs, scaled to the network's size whatever their alignment; patches in ``dtype``."""
    backbone = create_backbone(**source.model)
    embedding, patches, grid = torch.empty(0), torch.empty(0), (0, 0)
    for first in range(0, len(rows), _AT_ONCE):
        files = [manifest.file(manifest.photographs[row]) for row in rows[first : first + _AT_ONCE]]
        found = backbone(torch.cat([_face(file, source.face_size or backbone.face_size) for file in files]))
        found = found.pooled(source.pooled) if source.pooled else found
        if not first:  # memory for all is taken once: the patches of a data set are gigabytes
            embedding = torch.empty(len(rows), *found.embedding.shape[1:])
            patches = torch.empty(len(rows), *found.patches.shape[1:], dtype=dtype)
            grid = found.grid
        embedding[first : first + _AT_ONCE], patches[first : first + _AT_ONCE] = found.embedding, found.patches
    return Features(embedding, patches, grid)


def _face(file: Path, size: tuple[int, int]) -> Tensor:
    image = torch.from_numpy(read_image(file)).permute(2, 0, 1)[None] / 255
    return interpolate(image, size, mode="bilinear", antialias=True)


def nearest(vectors: Tensor, queries: slice, k: int) -> Tensor:
    """Return the ``k`` rows ``(Q, k)`` nearest by cosine to each query, without the query itself."""
    unit = normalize(vectors.float(), dim=1)
    rows = torch.arange(len(unit))[queries]
    found = [_without_itself(unit[some] @ unit.T, some, k) for some in rows.split(256)]
    return torch.cat(found)


def _without_itself(cosine: Tensor, rows: Tensor, k: int) -> Tensor:
    return cosine.scatter(1, rows[:, None], -torch.inf).topk(k).indices
