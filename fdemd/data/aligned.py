"""Aligned faces on disk: each photograph is read, searched for its face and aligned once, whatever is asked of it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset, Subset

from fdemd.cache.entry_writer import EntryWriter
from fdemd.cache.journal import JournaledRows
from fdemd.cache.tensors import Stored, read_entry
from fdemd.checkpoints import read_card, sha256_of
from fdemd.data.manifest import Manifest
from fdemd.data.packed import PackedTexts
from fdemd.data.workers import worker_init
from fdemd.errors import InputError
from fdemd.faces.alignment import AlignedFace, check_alignment
from fdemd.faces.landmarks import LANDMARKS, check_detector
from fdemd.faces.photographs import NO_FACE, UNREADABLE, ExtractedFace, Preprocessing, extract_face
from fdemd.faces.reading import UnreadableImageError, read_image
from fdemd.runs.steady_progress import steady_progress

_PIPELINE = "4"
"""Part of every key; raised when reading, searching or aligning changes, so that older stores are not used."""
_WHAT = "aligned faces"


@dataclass(frozen=True)
class LeftOut:
    """A photograph that gave no face.

    Attributes:
        row: Its row in the manifest.
        problem: ``UNREADABLE`` or ``NO_FACE``.
        reason: Why, in words.
    """

    row: int
    problem: str
    reason: str


@dataclass(frozen=True)
class AlignedFaces:
    """The faces of a manifest, row by row.

    Attributes:
        images: Faces ``(rows, H, W, 3)`` uint8 RGB, memory-mapped; black where there is no face.
        landmarks: Landmarks ``(rows, 68, 2)`` float32 in pixels of the aligned face.
        left_out: Photographs without a face.
        several: Rows of photographs with more than one face, of which the largest central one was taken.
        digest: Sha256 of the photographs and of how they were aligned.
        weak: Rows of tight crops whose face was taken though the detector is not sure of it.
    """

    images: np.ndarray
    landmarks: np.ndarray
    left_out: tuple[LeftOut, ...]
    several: tuple[int, ...]
    digest: str
    weak: tuple[int, ...] = ()

    def face(self, row: int) -> AlignedFace:
        """Return the face of a row, in memory of its own."""
        return AlignedFace(np.array(self.images[row]), np.array(self.landmarks[row]))


def aligned_faces(
    manifest: Manifest,
    alignment: str,
    size: tuple[int, int],
    *,
    cache: Path,
    detector: str,
    num_workers: int = 0,
) -> AlignedFaces:
    """Align the faces of a manifest, or take them from the cache if these very files were aligned before.

    What was broken off goes on where it was. If another run is aligning the same files, this one waits for it.

    Args:
        manifest: The photographs.
        alignment: Template of the faces, a name in :data:`fdemd.faces.alignment.TEMPLATES`.
        size: Size ``(height, width)`` of the faces, in pixels.
        cache: Folder that keeps the faces, ``3 * H * W`` bytes each.
        detector: Face detector, a name in :data:`fdemd.faces.landmarks.DETECTORS`.
        num_workers: Number of processes that read and align.

    Raises:
        InputError: There is no such alignment or detector, files are aligned in another way, not one photograph gives a
            face, or the cache has no room for them or cannot be written.
    """
    preprocessing = _preprocessing(alignment, size, detector)
    _check_aligned(manifest, alignment)
    digest = _digest(manifest, preprocessing)
    faces = _faces(_kept(cache / "faces" / digest, manifest, preprocessing, num_workers), digest)
    if len(faces.left_out) == len(manifest):
        first = faces.left_out[0]
        raise InputError(
            f"None of the {len(manifest)} photographs in {manifest.root} gave a face; the first, "
            f"{manifest.photographs[first.row].path}: {first.problem} ({first.reason})."
        )
    return faces


def faces_digest(manifest: Manifest, alignment: str, size: tuple[int, int], detector: str) -> str:
    """Return the ``digest`` that :func:`aligned_faces` would give, without aligning anything.

    Args:
        manifest: The photographs.
        alignment: Template of the faces, a name in :data:`fdemd.faces.alignment.TEMPLATES`.
        size: Size ``(height, width)`` of the faces, in pixels.
        detector: Face detector, a name in :data:`fdemd.faces.landmarks.DETECTORS`.

    Raises:
        InputError: There is no such alignment or detector.
    """
    return _digest(manifest, _preprocessing(alignment, size, detector))


def _preprocessing(alignment: str, size: tuple[int, int], detector: str) -> Preprocessing:
    return Preprocessing(check_alignment(alignment, size), size, check_detector(detector))


class _Alignment(Dataset[tuple[ExtractedFace, str, str]]):
    """Row -> (what the photograph gave, problem, reason)."""

    def __init__(self, manifest: Manifest, preprocessing: Preprocessing) -> None:
        self.root, self.preprocessing = manifest.root, preprocessing
        self.paths = PackedTexts(photograph.path for photograph in manifest.photographs)
        self.aligned = np.array([bool(photograph.aligned) for photograph in manifest.photographs])

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, row: int) -> tuple[ExtractedFace, str, str]:
        try:
            found = extract_face(
                read_image(self.root / self.paths[row]), self.preprocessing, aligned=bool(self.aligned[row])
            )
        except UnreadableImageError as error:
            return ExtractedFace(None), UNREADABLE, str(error)
        if found.face is None:
            return found, NO_FACE, f"the detector {self.preprocessing.detector} found none"
        return found, "", ""


def _kept(place: Path, manifest: Manifest, preprocessing: Preprocessing, num_workers: int) -> Stored:
    if found := read_entry(place, place.name, _WHAT):
        return found
    with EntryWriter(place, _WHAT, resumable=True) as new:
        found = read_entry(place, place.name, _WHAT) if new.waited else None
        return found or _align_all(manifest, preprocessing, new, place.name, num_workers)


def _align_all(
    manifest: Manifest, preprocessing: Preprocessing, new: EntryWriter, digest: str, num_workers: int
) -> Stored:
    rows = len(manifest)
    black, nothing = torch.zeros((*preprocessing.size, 3), dtype=torch.uint8), torch.zeros(LANDMARKS, 2)
    row_of = {"images": (black.dtype, black.shape), "landmarks": (nothing.dtype, nothing.shape)}
    with JournaledRows(new, rows, row_of) as aligned:
        if aligned.done:
            print(f"Aligning goes on after {aligned.done:,} of {rows:,} photographs of an earlier run.", flush=True)
        loader = DataLoader(
            Subset(_Alignment(manifest, preprocessing), range(aligned.done, rows)),
            batch_size=None,
            num_workers=num_workers,
            collate_fn=_unchanged,
            worker_init_fn=worker_init,
        )
        with steady_progress("Aligning faces", rows, aligned.done) as advance:
            for row, ((face, faces, weak), problem, reason) in enumerate(loader, aligned.done):
                image, landmarks = map(torch.from_numpy, (face.image, face.landmarks)) if face else (black, nothing)
                left_out = [] if face else [["left_out", row, problem, reason]]
                several = [["several", row]] if faces > 1 else []
                doubtful = [["weak", row]] if weak else []
                aligned.append({"images": image, "landmarks": landmarks}, [*left_out, *several, *doubtful])
                advance(1)
    facts = {kind: [note for note in aligned.notes if note[0] == kind] for kind in ("left_out", "several", "weak")}
    return aligned.finish(digest, {kind: [note[1:] for note in notes] for kind, notes in facts.items()})


def _unchanged(item: Any) -> Any:
    """Instead of the loader's own conversion to tensors; a named function, since processes may have to pickle it."""
    return item


def _check_aligned(manifest: Manifest, alignment: str) -> None:
    """Refuse files that were aligned for another kind of network: resized, they would look right and rank badly."""
    for photograph in manifest.photographs:
        if photograph.aligned not in ("", alignment):
            raise InputError(
                f"{photograph.path} in {manifest.root} is aligned as {photograph.aligned!r}, but the network takes "
                f"faces aligned as {alignment!r}; give the photographs as taken, or prepare them for this network: "
                f"python -m data_prep ... --template {alignment}."
            )


def _faces(found: Stored, digest: str) -> AlignedFaces:
    images, landmarks = found.array("images"), found.array("landmarks")
    left_out = tuple(LeftOut(*note) for note in found.facts["left_out"])
    # Faces of dlib and MTCNN that were kept before there were weak ones lack that note.
    several, weak = (tuple(row for (row,) in found.facts.get(kind, [])) for kind in ("several", "weak"))
    return AlignedFaces(images, landmarks, left_out, several, digest, weak)


def _digest(manifest: Manifest, preprocessing: Preprocessing) -> str:
    """Name of the faces of these photographs, by content: an edited or replaced file gives another name."""
    networks = ["dlib_landmarks", *(["yunet"] if preprocessing.detector == "yunet" else [])]
    digest = hashlib.sha256(
        json.dumps([_PIPELINE, *astuple(preprocessing), *(read_card(name).sha256 for name in networks)]).encode()
    )
    for photograph in manifest.photographs:
        file = manifest.file(photograph)
        try:
            content = sha256_of(file)
        except OSError:
            content = None  # reading it will say why
        digest.update(json.dumps([photograph.path, content, photograph.aligned]).encode())
    return digest.hexdigest()
