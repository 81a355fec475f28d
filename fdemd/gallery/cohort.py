"""Strangers that a gallery comes with, so that it knows what being unlike means before many people are enrolled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
import torch
from sqlalchemy import select
from sqlalchemy.orm import Session
from torch import Tensor

from fdemd.data.sources import orl_manifest
from fdemd.errors import InputError
from fdemd.features import Features
from fdemd.gallery.faces import FaceReader, Photo
from fdemd.gallery.packing import as_png, from_png, pack_embedding, pack_patches, unpack_embeddings, unpack_patches
from fdemd.gallery.pin import Pin
from fdemd.gallery.schema import CohortFace
from fdemd.runs.steady_progress import track

FEWEST_PEOPLE = 10
_MOST_PEOPLE, _MOST_PHOTOGRAPHS = 400, 2
_BUILT_IN = ("1", "6")
"""Photographs of each person of the AT&T faces, an early and a later one."""


@dataclass(frozen=True, eq=False)
class Cohort:
    """Strangers.

    Attributes:
        people: ``(C,)`` int64 number of each face's person, from 0.
        features: Of the ``C`` faces.
        images: Their aligned pictures.
    """

    people: Tensor
    features: Features
    images: Sequence[np.ndarray]

    def __len__(self) -> int:
        return len(self.people)


def built_in_people() -> list[list[Photo]]:
    """Return two photographs of each of the 40 people of the AT&T faces, which are installed with fdemd."""
    root = orl_manifest().root
    return [[root / f"s{person}/{number}.pgm" for number in _BUILT_IN] for person in range(1, 41)]


def store_cohort(session: Session, reader: FaceReader, people: Sequence[Sequence[Photo]]) -> None:
    """Keep two faces of each of at most 400 strangers, the most prominent of a photograph; those without are left out.

    Args:
        session: A write transaction of a new gallery.
        reader: Reads photographs.
        people: For each stranger the photographs.

    Raises:
        InputError: A photograph cannot be read, or fewer than 10 people have a face.
    """
    found = 0
    for number, photographs in enumerate(track(people[:_MOST_PEOPLE], "Reading faces of strangers, for thresholds")):
        shown = (seen.faces[0] for seen in map(reader.read, photographs) if seen.faces)
        faces = list(islice(shown, _MOST_PHOTOGRAPHS))
        found += bool(faces)
        for face in faces:
            rows, columns = face.features.grid
            session.add(
                CohortFace(
                    person=number,
                    embedding=pack_embedding(face.features),
                    rows=rows,
                    columns=columns,
                    patches=pack_patches(face.features),
                    image=as_png(face.image),
                )
            )
    if found < FEWEST_PEOPLE:
        raise InputError(
            f"A cohort needs {FEWEST_PEOPLE} strangers or more, and a face was found of {found}; give more photographs."
        )


def read_cohort(session: Session, pin: Pin) -> Cohort:
    """Return the strangers of a gallery."""
    found = session.execute(select(CohortFace).order_by(CohortFace.id)).scalars().all()
    grid = found[0].rows, found[0].columns
    patches = unpack_patches([face.patches for face in found], grid[0] * grid[1], pin.dtype)
    return Cohort(
        torch.tensor([face.person for face in found]),
        Features(unpack_embeddings([face.embedding for face in found]), patches, grid),
        [from_png(face.image) for face in found],
    )
