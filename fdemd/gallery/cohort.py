"""Strangers that a gallery comes with, so that it knows what being unlike means before many people are enrolled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
import torch
from sqlalchemy import delete, select
from sqlalchemy.orm import Session
from torch import Tensor

from fdemd.data.sources import orl_manifest
from fdemd.errors import InputError
from fdemd.features import Features, join_features
from fdemd.gallery.faces import FaceReader, Photo, SeenFace
from fdemd.gallery.packing import as_png, from_png, pack_embedding, pack_patches, unpack_embeddings, unpack_features
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


def see_strangers(reader: FaceReader, people: Sequence[Sequence[Photo]]) -> Cohort:
    """Return two faces of each of at most 400 strangers, the most prominent of a photograph; others are left out.

    Args:
        reader: Reads photographs.
        people: For each stranger the photographs.

    Raises:
        InputError: A photograph cannot be read, or fewer than 10 people have a face.
    """
    numbers: list[int] = []
    faces: list[SeenFace] = []
    for number, photographs in enumerate(track(people[:_MOST_PEOPLE], "Reading faces of strangers, for thresholds")):
        shown = (seen.faces[0] for seen in map(reader.read, photographs) if seen.faces)
        for face in islice(shown, _MOST_PHOTOGRAPHS):
            numbers.append(number)
            faces.append(face)
    if (found := len(set(numbers))) < FEWEST_PEOPLE:
        raise InputError(
            f"A cohort needs {FEWEST_PEOPLE} strangers or more, and a face was found of {found}; give more photographs."
        )
    features = join_features([face.features for face in faces])
    return Cohort(torch.tensor(numbers), features, [face.image for face in faces])


def store_cohort(session: Session, cohort: Cohort) -> None:
    """Keep strangers in place of earlier ones.

    Args:
        session: A write transaction.
        cohort: The strangers.
    """
    session.execute(delete(CohortFace))
    for number, (person, image) in enumerate(zip(cohort.people.tolist(), cohort.images, strict=True)):
        face = cohort.features[number]
        rows, columns = face.grid
        session.add(
            CohortFace(
                person=person,
                embedding=pack_embedding(face),
                rows=rows,
                columns=columns,
                patches=pack_patches(face),
                image=as_png(image),
            )
        )


def read_cohort(session: Session, pin: Pin) -> Cohort:
    """Return the strangers of a gallery."""
    found = session.execute(select(CohortFace).order_by(CohortFace.id)).scalars().all()
    grid = found[0].rows, found[0].columns
    embeddings = unpack_embeddings([face.embedding for face in found])
    return Cohort(
        torch.tensor([face.person for face in found]),
        unpack_features(embeddings, [face.patches for face in found], grid, pin.dtype),
        [from_png(face.image) for face in found],
    )
