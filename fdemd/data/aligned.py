"""Aligned faces on disk: each photograph is read, searched for its face and aligned once, whatever is asked of it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.progress import track
from torch.utils.data import DataLoader, Dataset

from fdemd.checkpoints import read_card, sha256_of
from fdemd.data.cache import kept
from fdemd.data.manifest import Manifest
from fdemd.errors import InputError
from fdemd.faces.alignment import AlignedFace, check_alignment
from fdemd.faces.landmarks import LANDMARKS, check_detector
from fdemd.faces.photographs import NO_FACE, UNREADABLE, Way, face_in
from fdemd.faces.reading import UnreadableImageError, read_image

_PIPELINE = "4"
"""Part of every key; raised when reading, searching or aligning changes, so that older stores are not used."""


@dataclass(frozen=True)
class LeftOut:
    """A photograph that gave no face: its row in the manifest, ``UNREADABLE`` or ``NO_FACE``, and why in words."""

    row: int
    problem: str
    reason: str


@dataclass(frozen=True)
class AlignedFaces:
    """The faces of a manifest, row by row.

    Attributes:
        images: ``(rows, H, W, 3)`` uint8 RGB, memory-mapped; black where there is no face.
        landmarks: ``(rows, 68, 2)`` float32 in pixels of the aligned face.
        left_out: the rows without a face.
        several: rows of photographs with more than one face, of which the largest central one was taken.
        digest: sha256 of the photographs and of how they were aligned.
    """

    images: np.ndarray
    landmarks: np.ndarray
    left_out: tuple[LeftOut, ...]
    several: tuple[int, ...]
    digest: str

    def face(self, row: int) -> AlignedFace:
        """The face of a row, in memory of its own."""
        return AlignedFace(np.array(self.images[row]), np.array(self.landmarks[row]))


def aligned_faces(
    manifest: Manifest,
    alignment: str,
    size: tuple[int, int],
    *,
    cache: Path,
    detector: str = "dlib",
    num_workers: int = 0,
) -> AlignedFaces:
    """Aligned faces of a manifest, from the cache if these very files were aligned before.

    Args:
        manifest: the photographs.
        alignment: a name in :data:`fdemd.faces.alignment.TEMPLATES`.
        size: ``(height, width)`` of the faces.
        cache: folder that keeps the faces, ``3 * H * W`` bytes each.
        detector: a name in :data:`fdemd.faces.landmarks.DETECTORS`.
        num_workers: processes that read and align.

    Raises:
        InputError: unknown alignment or detector, files aligned in another way, not one photograph gave a face, or the
            cache cannot be written.
    """
    way = Way(check_alignment(alignment, size), size, check_detector(detector))
    _check_aligned(manifest, alignment)
    digest = _digest(manifest, way)
    store = kept(cache / "faces" / digest, lambda folder: _align_all(manifest, way, folder, num_workers))
    faces = _read(store, digest)
    if len(faces.left_out) == len(manifest):
        first = faces.left_out[0]
        raise InputError(
            f"None of the {len(manifest)} photographs in {manifest.root} gave a face; the first, "
            f"{manifest.photographs[first.row].path}: {first.problem} ({first.reason})."
        )
    return faces


class _Alignment(Dataset[tuple[AlignedFace | None, str, str, int]]):
    """Row -> (face or None, problem, reason, number of faces)."""

    def __init__(self, manifest: Manifest, way: Way) -> None:
        self.manifest, self.way = manifest, way

    def __len__(self) -> int:
        return len(self.manifest)

    def __getitem__(self, row: int) -> tuple[AlignedFace | None, str, str, int]:
        photograph = self.manifest.photographs[row]
        try:
            face, faces = face_in(
                read_image(self.manifest.file(photograph)), self.way, aligned=bool(photograph.aligned)
            )
        except UnreadableImageError as error:
            return None, UNREADABLE, str(error), 0
        if face is None:
            return None, NO_FACE, f"the detector {self.way.detector} found none", 0
        return face, "", "", faces


def _align_all(manifest: Manifest, way: Way, store: Path, num_workers: int) -> None:
    rows = len(manifest)
    images = np.lib.format.open_memmap(store / "images.npy", "w+", np.uint8, (rows, *way.size, 3))
    landmarks = np.zeros((rows, LANDMARKS, 2), np.float32)
    report: dict[str, Any] = {"left_out": [], "several": []}
    loader = DataLoader(_Alignment(manifest, way), batch_size=None, num_workers=num_workers, collate_fn=_unchanged)
    for row, (face, problem, reason, faces) in enumerate(track(loader, "Aligning faces", total=rows, transient=True)):
        if face is None:
            report["left_out"].append([row, problem, reason])
        else:
            images[row], landmarks[row] = face
        if faces > 1:
            report["several"].append(row)
    images.flush()
    np.save(store / "landmarks.npy", landmarks)
    (store / "report.json").write_text(json.dumps(report), encoding="utf-8")


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


def _read(store: Path, digest: str) -> AlignedFaces:
    report = json.loads((store / "report.json").read_text(encoding="utf-8"))
    return AlignedFaces(
        np.load(store / "images.npy", mmap_mode="r"),
        np.load(store / "landmarks.npy"),
        tuple(LeftOut(*entry) for entry in report["left_out"]),
        tuple(report["several"]),
        digest,
    )


def _digest(manifest: Manifest, way: Way) -> str:
    """Name of the faces of these photographs, by content: an edited or replaced file gives another name."""
    digest = hashlib.sha256(json.dumps([_PIPELINE, *astuple(way), read_card("dlib_landmarks").sha256]).encode())
    for photograph in manifest.photographs:
        file = manifest.file(photograph)
        try:
            content = sha256_of(file)
        except OSError:
            content = None  # reading it will say why
        digest.update(json.dumps([photograph.path, content, photograph.aligned]).encode())
    return digest.hexdigest()
