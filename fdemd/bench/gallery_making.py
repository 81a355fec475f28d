"""Galleries to measure with: photographs that are enrolled, and made-up faces where there are not enough of them."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from io import BytesIO
from pathlib import PurePosixPath
from typing import NamedTuple

import cv2
import numpy as np
import torch
from PIL import Image
from sqlalchemy import func, insert, select

from fdemd.bench.archive import Photo
from fdemd.emd.compact import compact
from fdemd.features import Features
from fdemd.gallery.database import Database
from fdemd.gallery.gallery import Gallery
from fdemd.gallery.packing import pack_embedding, pack_patches, unpack_embeddings, unpack_features
from fdemd.gallery.pin import COMPACT, Pin, read_pin
from fdemd.gallery.schema import Change, Patches, Person, Photograph
from fdemd.runs.steady_progress import track

WIDTH, HEIGHT = 640, 480
"""Pixels of the photographs that are identified."""
_NOISE = 2.0
"""Standard deviation of what is added to the patches of a real face, in theirs: made-up people are strangers."""
_AT_ONCE = 500


class Enrolled(NamedTuple):
    """What enrolling took.

    Attributes:
        photographs: Number of photographs that were enrolled now.
        seconds: How long that took.
    """

    photographs: int
    seconds: float


def enrol(gallery: Gallery, photographs: Sequence[Photo]) -> Enrolled:
    """Enrol photographs, each for the person of its folder; what is enrolled already is not counted."""
    count, seconds = 0, 0.0
    for photograph in track(photographs, "Enrolling"):
        content, person = photograph.content(), PurePosixPath(photograph.name).parent.name
        started = time.perf_counter()
        (done,) = gallery.enrol(person, content, force=True)
        if done.status == "enrolled":
            count, seconds = count + 1, seconds + time.perf_counter() - started
    return Enrolled(count, seconds)


def fill(where: str, faces: int, seed: int = 0) -> None:
    """Add people with one made-up face each until a gallery has so many faces.

    Args:
        where: The gallery; it has at least one face, with patches.
        faces: Number of faces.
        seed: Of what is made up.
    """
    database, generator = Database(where, create=False), torch.Generator().manual_seed(seed)
    try:
        with database.write() as session:
            pin = read_pin(session)
            assert pin is not None  # a gallery without one has no face
            there = session.scalar(select(func.count()).select_from(Photograph)) or 0
            models = session.execute(
                select(Photograph, Patches).join(Patches, Patches.photograph_id == Photograph.id).limit(_AT_ONCE)
            ).all()
            last = max(session.scalar(select(func.max(table.id))) or 0 for table in (Person, Photograph))
            for first in range(there, faces, _AT_ONCE):
                rows: list[list[dict[str, object]]] = [[], [], [], []]
                for number in range(first, min(first + _AT_ONCE, faces)):
                    photograph, patches = models[number % len(models)]
                    key = last + 1 + number - there
                    face = _made_up(photograph, patches, pin, generator)
                    for row, values in zip(rows, _rows(key, face), strict=True):
                        row.append(values)
                for table, values_of in zip((Person, Photograph, Patches, Change), rows, strict=True):
                    session.execute(insert(table), values_of)
    finally:
        database.close()


def to_identify(photographs: Sequence[Photo]) -> Iterator[bytes]:
    """Return photographs as a camera gives them: JPEG files of 640x480 pixels, with the photograph in the midst."""
    for photograph in photographs:
        image = photograph.read()
        scale = min(WIDTH / image.shape[1], HEIGHT / image.shape[0])
        image = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
        whole = np.full((HEIGHT, WIDTH, 3), 127, np.uint8)
        top, left = (HEIGHT - image.shape[0]) // 2, (WIDTH - image.shape[1]) // 2
        whole[top : top + image.shape[0], left : left + image.shape[1]] = image
        file = BytesIO()
        Image.fromarray(whole).save(file, "JPEG", quality=90)
        yield file.getvalue()


def _made_up(photograph: Photograph, patches: Patches, pin: Pin, generator: torch.Generator) -> Features:
    embedding = unpack_embeddings([photograph.embedding])
    model = unpack_features(embedding, [patches.data], (patches.rows, patches.columns), pin.dtype)
    found = model.raw_patches.float()
    noise = _NOISE * found.std() * torch.randn(found.shape, generator=generator)
    embedding = embedding + torch.randn(embedding.shape, generator=generator)
    face = Features(embedding, (found + noise).half(), model.grid)
    return compact(face) if pin.dtype == COMPACT else face  # of the channels that the gallery's own map left


def _rows(key: int, face: Features) -> tuple[dict[str, object], ...]:
    rows, columns = face.grid
    place = dict.fromkeys(("left", "top"), 0.0) | dict.fromkeys(("right", "bottom", "sharpness"), 100.0)
    return (
        {"id": key, "name": f"made up {key}"},
        {"id": key, "person_id": key, "sha256": f"{key:064d}", "embedding": pack_embedding(face), **place},
        {"photograph_id": key, "rows": rows, "columns": columns, "data": pack_patches(face)},
        {"action": "enrolled", "person_id": key, "photograph_id": key},
    )
