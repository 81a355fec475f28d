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
from sqlalchemy.orm import Session

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
        with database.read() as session:
            pin = read_pin(session)
            assert pin is not None  # a gallery without one has no face
            there = session.scalar(select(func.count()).select_from(Photograph)) or 0
            last = max(session.scalar(select(func.max(table.id))) or 0 for table in (Person, Photograph))
            models = _models(session, pin)
        for first in track(range(there, faces, _AT_ONCE), "Making up faces"):
            numbers = torch.arange(first, min(first + _AT_ONCE, faces))
            made_up = _made_up(models[numbers % len(models)], pin, generator)
            rows = [_rows(last + 1 + first - there + place, made_up[place]) for place in range(len(numbers))]
            with database.write() as session:  # one for all would take the room of the gallery once more
                for table, values in zip((Person, Photograph, Patches, Change), zip(*rows, strict=True), strict=True):
                    session.execute(insert(table), list(values))
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


def _models(session: Session, pin: Pin) -> Features:
    """Return the faces that made-up ones are made from."""
    columns = (Photograph.embedding, Patches.rows, Patches.columns, Patches.data)
    query = select(*columns).join(Patches, Patches.photograph_id == Photograph.id).limit(_AT_ONCE)
    embeddings, rows, columns_of, data = zip(*session.execute(query).all(), strict=True)
    return unpack_features(unpack_embeddings(embeddings), data, (rows[0], columns_of[0]), pin.dtype)


def _made_up(models: Features, pin: Pin, generator: torch.Generator) -> Features:
    patches = models.raw_patches.float()
    noise = _NOISE * patches.std((1, 2), keepdim=True) * torch.randn(patches.shape, generator=generator)
    embedding = models.embedding + torch.randn(models.embedding.shape, generator=generator)
    faces = Features(embedding, (patches + noise).half(), models.grid)
    return compact(faces) if pin.dtype == COMPACT else faces  # of the channels that the gallery's own map left


def _rows(key: int, face: Features) -> tuple[dict[str, object], ...]:
    rows, columns = face.grid
    place = dict.fromkeys(("left", "top"), 0.0) | dict.fromkeys(("right", "bottom", "sharpness"), 100.0)
    return (
        {"id": key, "name": f"made up {key}"},
        {"id": key, "person_id": key, "sha256": f"{key:064d}", "embedding": pack_embedding(face), **place},
        {"photograph_id": key, "rows": rows, "columns": columns, "data": pack_patches(face)},
        {"action": "enrolled", "person_id": key, "photograph_id": key},
    )
