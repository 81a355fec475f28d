"""One photograph -> its copy as a query in a file, and what is to be said about it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image
from torch.utils.data import Dataset

from data_prep.faces import Record
from data_prep.files import replaced
from fdemd.data.manifest import Manifest, Photograph
from fdemd.faces.photographs import NO_FACE, UNREADABLE, Way, face_in
from fdemd.faces.queries import QueryMaker
from fdemd.faces.reading import UnreadableImageError, read_image

UNCHANGED = "unchanged"
"""Problem of a photograph whose mask lies outside the picture, so that the copy would be no masked face."""


def copy_path(kind: str, path: str) -> str:
    """Where the copy of a photograph lies below the output folder."""
    return f"{kind}/{path}" if path.lower().endswith(".png") else f"{kind}/{path}.png"


class Copying(Dataset[Record]):
    """Row -> what became of the copy, which is written on the way."""

    def __init__(
        self, manifest: Manifest, chosen: tuple[Photograph, ...], maker: QueryMaker, way: Way, out: Path
    ) -> None:
        self.manifest, self.chosen, self.maker, self.way, self.out = manifest, chosen, maker, way, out

    def __len__(self) -> int:
        return len(self.chosen)

    def __getitem__(self, row: int) -> Record:
        photograph = self.chosen[row]
        file = self.manifest.file(photograph)
        record = Record(photograph.path, size_of(file), "")
        try:
            face, faces = face_in(read_image(file), self.way, aligned=bool(photograph.aligned))
        except UnreadableImageError as error:
            return record._replace(problem=UNREADABLE, reason=str(error))
        record = record._replace(faces=faces)
        if face is None:
            return record._replace(problem=NO_FACE, reason=f"the detector {self.way.detector} found none")
        made = self.maker(face, photograph.path)
        if np.array_equal(made.image, face.image):
            return record._replace(problem=UNCHANGED, reason=f"the {self.maker.kind} lies outside the picture")
        target = self.out / copy_path(self.maker.kind, photograph.path)
        target.parent.mkdir(parents=True, exist_ok=True)
        with replaced(target) as copy:
            Image.fromarray(made.image).save(copy, "PNG")
        return record


def size_of(file: Path) -> int:
    """Bytes of a file, 0 if it is missing."""
    return file.stat().st_size if file.is_file() else 0
