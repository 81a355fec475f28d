"""Making the copy of a photograph as a query, and the record of it."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from torch.utils.data import Dataset

from data_prep.faces import Record, is_face, write_face
from data_prep.names import unique_names
from fdemd.data.manifest import Manifest, Photograph
from fdemd.errors import InputError
from fdemd.faces.photographs import NO_FACE, UNREADABLE, Preprocessing, extract_face
from fdemd.faces.queries import QueryMaker
from fdemd.faces.reading import UnreadableImageError, read_image
from fdemd.files.regular import open_regular

_PNG = ".png"
UNCHANGED = "unchanged"
"""Problem of a photograph whose mask lies outside the picture, so that the copy would be no masked face."""


def copy_paths(kind: str, paths: Sequence[str]) -> dict[str, str]:
    """Return the path of each photograph -> unique path of its copy below the output folder.

    >>> copy_paths("mask", ["Ann/1.jpg", "Ann/2.png", "Ann/1.jpg.png"])
    {'Ann/1.jpg': 'mask/Ann/1.jpg.png', 'Ann/2.png': 'mask/Ann/2.png', 'Ann/1.jpg.png': 'mask/Ann/1.jpg~2.png'}
    """
    endings = [path[-len(_PNG) :] if path.lower().endswith(_PNG) else "" for path in paths]
    names = unique_names([path.removesuffix(ending) for path, ending in zip(paths, endings, strict=True)], _PNG)
    return {path: f"{kind}/{name}{ending or _PNG}" for path, name, ending in zip(paths, names, endings, strict=True)}


class Copying(Dataset["Record | InputError"]):
    """Dataset whose items write a copy and return its record, or the error that it could not be written.

    Args:
        manifest: Manifest of the photographs.
        chosen: Rows of the manifest that get a copy.
        targets: Path of each photograph -> path of its copy, see :func:`copy_paths`.
        maker: Maker of the queries.
        preprocessing: How photographs become faces.
        out: Folder of the copies.
        advice: What a person can do if a copy cannot be written.
    """

    def __init__(
        self,
        manifest: Manifest,
        chosen: tuple[Photograph, ...],
        targets: Mapping[str, str],
        maker: QueryMaker,
        preprocessing: Preprocessing,
        out: Path,
        advice: str = "",
    ) -> None:
        self.manifest, self.chosen, self.targets = manifest, chosen, targets
        self.maker, self.preprocessing, self.out, self.advice = maker, preprocessing, out, advice

    def __len__(self) -> int:
        return len(self.chosen)

    def __getitem__(self, row: int) -> Record | InputError:
        try:
            return self._copied(self.chosen[row])
        except InputError as error:  # given, not raised: on its way from another process it would lose its sentence
            return error

    def is_done(self, row: int, record: Record | None) -> bool:
        """Return whether a record is of this very photograph and its copy is unchanged."""
        photograph = self.chosen[row]
        if record is None or not record.sha256:
            return False
        try:
            content = _content(self.manifest.file(photograph))
        except OSError:
            return False
        if hashlib.sha256(content).hexdigest() != record.sha256:
            return False
        return bool(record.problem) or is_face(self.out / self.targets[photograph.path], record)

    def _copied(self, photograph: Photograph) -> Record:
        record = Record(photograph.path, 0, "")
        try:
            content = _content(self.manifest.file(photograph))
        except OSError as error:
            reason = "there is no such file" if isinstance(error, FileNotFoundError) else f"{error.strerror}"
            return record._replace(problem=UNREADABLE, reason=reason)
        record = record._replace(size=len(content), sha256=hashlib.sha256(content).hexdigest())
        try:
            face, faces, weak = extract_face(
                read_image(io.BytesIO(content)), self.preprocessing, aligned=bool(photograph.aligned)
            )
        except UnreadableImageError as error:
            return record._replace(problem=UNREADABLE, reason=str(error))
        record = record._replace(faces=faces, weak=weak)
        if face is None:
            return record._replace(problem=NO_FACE, reason=f"the detector {self.preprocessing.detector} found none")
        made = self.maker(face, photograph.path)
        if np.array_equal(made.image, face.image):
            return record._replace(problem=UNCHANGED, reason=f"the {self.maker.kind} lies outside the picture")
        target = self.out / self.targets[photograph.path]
        return record._replace(face=write_face(made.image, target, self.advice))


def _content(path: Path) -> bytes:
    with open_regular(path) as file:
        return file.readall()
