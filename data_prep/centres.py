"""Mean embeddings of the people of a prepared set, by which one person under two names is found."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from data_prep.signals import left_to_this_process
from fdemd.backbones import Backbone
from fdemd.cache.entry_writer import EntryWriter, load_or_make
from fdemd.cache.location import cache_folder
from fdemd.checkpoints import sha256_of
from fdemd.data.batch import as_numbers
from fdemd.data.loading import workers_that_fit
from fdemd.data.manifest import Manifest
from fdemd.data.workers import worker_init
from fdemd.errors import InputError
from fdemd.faces.alignment import template_transform
from fdemd.faces.photographs import Preprocessing, extract_face
from fdemd.faces.reading import UnreadableImageError, read_image
from fdemd.runs.steady_progress import track
from fdemd.tensors.directions import unit_unseen

_AT_ONCE = 64
"""Faces a batch."""
_PIPELINE = 1
"""Part of every key; raised when the same files give other centres, so that older ones are not used."""


@dataclass(frozen=True)
class Centres:
    """Mean embeddings of ``P`` people.

    Attributes:
        people: Names of the people.
        examples: Path of a photograph of each person, relative to the root of the manifest.
        directions: Mean ``(P, D)`` of the normalised embeddings of each person, normalised, float32.
        left_out: Number of photographs that could not be embedded.
    """

    people: tuple[str, ...]
    examples: tuple[str, ...]
    directions: Tensor
    left_out: int


def class_centres(manifest: Manifest, network: Backbone, *, detector: str, workers: int, name: str = "") -> Centres:
    """Compute the mean embedding of each person of a manifest, or read it from the cache.

    Faces that follow another template than the network's are transformed to it, photographs as taken are aligned.

    Args:
        manifest: The photographs.
        network: The network; it stays on the device that it computes on.
        detector: Detector for photographs as taken, a name in :data:`fdemd.faces.landmarks.DETECTORS`.
        workers: Number of processes that read; 1 reads in this one.
        name: Name of the manifest for errors, by default that of its folder.

    Raises:
        InputError: There is no such template or detector, no photograph can be embedded, or the cache cannot be
            written.
    """
    faces = _Faces(manifest, Preprocessing(network.alignment, network.face_size, detector))
    digest = hashlib.sha256(json.dumps([_PIPELINE, network.fingerprint(), detector]).encode())
    for photograph in manifest.photographs:
        file = manifest.file(photograph)
        try:
            content = sha256_of(file)
        except OSError:
            content = None  # it will not be looked at
        digest.update(json.dumps([photograph.path, photograph.identity, photograph.aligned, content]).encode())
    place = cache_folder() / "centres" / digest.hexdigest()
    called, processes = name or str(manifest.root), 0 if workers == 1 else workers
    found = load_or_make(place, "centres of people", lambda new: _look(faces, network, processes, new, called))
    facts = found.facts
    return Centres(tuple(facts["people"]), tuple(facts["examples"]), found.tensors["directions"], facts["left out"])


class _Faces(Dataset[tuple[int, np.ndarray | None]]):
    """Dataset of row and face ``(H, W, 3)`` uint8 as the network takes it, or None."""

    def __init__(self, manifest: Manifest, preprocessing: Preprocessing) -> None:
        self.manifest, self.preprocessing = manifest, preprocessing

    def __len__(self) -> int:
        return len(self.manifest)

    def __getitem__(self, row: int) -> tuple[int, np.ndarray | None]:
        photograph = self.manifest.photographs[row]
        try:
            image = read_image(self.manifest.file(photograph))
        except UnreadableImageError:
            return row, None
        if photograph.aligned:
            height, width = image.shape[:2]
            move = template_transform(
                photograph.aligned, (height, width), self.preprocessing.template, self.preprocessing.size
            )
            return row, cv2.warpAffine(image, move, self.preprocessing.size[::-1], flags=cv2.INTER_LINEAR)
        face = extract_face(image, self.preprocessing, aligned=False).face
        return row, None if face is None else face.image


@torch.inference_mode()
def _look(faces: _Faces, network: Backbone, workers: int, new: EntryWriter, name: str) -> dict[str, Any]:
    """Write the centres; only one sum a person is kept in memory.

    Raises:
        InputError: No photograph of the manifest can be embedded.
    """
    photographs = faces.manifest.photographs
    number_of = {name: number for number, name in enumerate(dict.fromkeys(row.identity for row in photographs))}
    device = "cuda" if torch.cuda.is_available() else "cpu"
    network.to(device)
    sums: Tensor | None = None
    examples: dict[int, str] = {}
    looked_at = 0
    workers = workers_that_fit(workers, min(_AT_ONCE, len(faces)), faces.preprocessing.size, otherwise="")
    loader = DataLoader(faces, batch_size=_AT_ONCE, num_workers=workers, collate_fn=_usable, worker_init_fn=worker_init)
    with left_to_this_process():
        batches = iter(loader)
    for rows, images in track(batches, "Looking at faces", len(loader)):
        if not rows:
            continue
        found = unit_unseen(network(as_numbers(images).to(device)).embedding).double().cpu()
        numbers = [number_of[photographs[row].identity] for row in rows]
        sums = found.new_zeros(len(number_of), found.shape[1]) if sums is None else sums
        sums.index_add_(0, torch.tensor(numbers), found)
        for number, row in zip(numbers, rows, strict=True):
            examples.setdefault(number, photographs[row].path)
        looked_at += len(rows)
    if sums is None:
        raise InputError(
            f"None of the {len(photographs)} photographs of {name} can be looked at: there is no face in them, or "
            "their files are not there; run python -m data_prep verify on the manifest."
        )
    seen = sorted(examples)
    new.write({"directions": unit_unseen(sums[seen]).float()})
    names = list(number_of)
    return {
        "people": [names[number] for number in seen],
        "examples": [examples[number] for number in seen],
        "left out": len(photographs) - looked_at,
    }


def _usable(items: Sequence[tuple[int, np.ndarray | None]]) -> tuple[list[int], Tensor]:
    """Return the rows of the faces that were found, and these faces ``(B, 3, H, W)`` uint8."""
    rows = [row for row, face in items if face is not None]
    faces = np.stack([face for _, face in items if face is not None]) if rows else np.zeros((0, 1, 1, 3), np.uint8)
    return rows, torch.from_numpy(faces).permute(0, 3, 1, 2)
