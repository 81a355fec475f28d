"""Sets of pictures that detectors are tried on: photographs as they were taken, occluded and turned."""

from __future__ import annotations

import argparse
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import cv2
import numpy as np

from fdemd.bench.archive import Photo, photographs_in
from fdemd.data.sources import orl_manifest
from fdemd.errors import InputError, unknown
from fdemd.faces.alignment import AlignedFace
from fdemd.faces.landmarks import find_face
from fdemd.faces.queries import QueryMaker
from fdemd.faces.reading import UnreadableImageError, read_image
from fdemd.files.user_paths import check_folder
from fdemd.settings.queries import GlassesStyle, MaskKind, MaskQuery, SunglassQuery
from fdemd.settings.section import Section

ANGLES = tuple(range(0, 181, 15))
"""Degrees anticlockwise by which photographs of LFW are turned."""
_DRAWN: dict[str, Section] = {
    "mask": MaskQuery(kinds=list(get_args(MaskKind))),
    "sunglass": SunglassQuery(styles=list(get_args(GlassesStyle))),
}
"""Kinds of query that are drawn on photographs of LFW, with all they have."""


@dataclass(frozen=True)
class Pictures:
    """Pictures that a detector is tried on.

    Attributes:
        name: Name of the set.
        photographs: What they are made from.
        occlusion: What is drawn on each face, a kind of query; None draws nothing.
        degrees: How far each photograph is turned, anticlockwise.
        seed: Seed of what is drawn.
    """

    name: str
    photographs: tuple[Photo, ...]
    occlusion: str | None = None
    degrees: int = 0
    seed: int = 0

    @property
    def plain(self) -> Pictures:
        """The same photographs as they were taken."""
        return Pictures("", self.photographs)

    def __iter__(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Return each picture and the transform ``(2, 3)`` from the photograph to it."""
        for photograph in self.photographs:
            image = photograph.read()
            if self.occlusion and (found := find_face(image, "dlib")) and not found.turns:
                maker = QueryMaker(self.occlusion, image.shape[:2], self.seed, _DRAWN[self.occlusion])
                image = maker(AlignedFace(image, found.landmarks.astype(np.float32)), photograph.name).image
            height, width = image.shape[:2]
            move = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), self.degrees, 1)
            turned = cv2.warpAffine(image, move, (width, height), borderMode=cv2.BORDER_REPLICATE)
            yield (turned if self.degrees else image), move


def pictures_of(arguments: argparse.Namespace) -> list[Pictures]:
    """Return the sets that the options of a command line name.

    Raises:
        InputError: There is no such set, or photographs are missing.
    """
    chosen = random.Random(arguments.seed)
    manifest = orl_manifest()
    rows = [Photo(manifest.file(row), row.path) for row in manifest.photographs]
    sets = [Pictures("AT&T", _some(chosen, rows, arguments))]
    if arguments.lfw:
        faces = _some(chosen, photographs_in(arguments.lfw), arguments)
        sets += [
            Pictures("LFW", faces),
            *(Pictures(f"LFW, {kind}", faces, occlusion=kind, seed=arguments.seed) for kind in _DRAWN),
            *(Pictures(f"LFW, {degrees} degrees", faces, degrees=degrees) for degrees in ANGLES),
        ]
    if arguments.photographs:
        folder = check_folder(arguments.photographs, "The folder", "give photographs with --photographs")
        files = [Photo(path, path.name) for path in folder.iterdir() if path.is_file() and _is_image(path)]
        if not files:
            raise InputError(f"{folder} holds no photographs; give a folder of them with --photographs.")
        sets.append(Pictures(folder.name, _some(chosen, files, arguments)))
    for name in arguments.only or ():
        if name not in (names := [pictures.name for pictures in sets]):
            raise unknown("set", name, names)
    return [pictures for pictures in sets if not arguments.only or pictures.name in arguments.only]


def _some(chosen: random.Random, photographs: list[Photo], arguments: argparse.Namespace) -> tuple[Photo, ...]:
    return tuple(sorted(chosen.sample(sorted(photographs), min(arguments.sample, len(photographs)))))


def _is_image(path: Path) -> bool:
    try:
        read_image(path)
    except UnreadableImageError:
        return False
    return True
