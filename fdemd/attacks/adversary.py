"""Adversarial queries: the aligned faces of a manifest after an attack on a network, made once and kept on disk."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from fdemd.attacks import DODGING, SourcedFaces, anchors, attack_faces, draw_victims, to_pixels
from fdemd.backbones import Backbone, create_backbone
from fdemd.backbones.realigned import Realigned
from fdemd.cache.entry_writer import EntryWriter, load_or_make
from fdemd.data.aligned import AlignedFaces
from fdemd.data.manifest import Manifest
from fdemd.errors import InputError
from fdemd.faces.alignment import template_transform
from fdemd.runs.steady_progress import track
from fdemd.settings.networks import Network
from fdemd.settings.queries import ADVERSARIAL, AdversarialQuery
from fdemd.tensors.directions import cosine_of_pairs

_AT_ONCE = 16
"""Faces a batch, always, the last one filled up: in batches of another size, or in another order, sums come out a
little differently, and with them the sign of a gradient that is almost zero."""
_PIPELINE = 1
"""Part of every key; raised when the same settings give other pictures, so that older stores are not used."""


class Adversary:
    """Attacks the queries of a manifest, on one network for another one to look at.

    The attacked network sees the pictures that the evaluated one takes. If it was trained with another alignment or
    size, they are moved on the way to it (:class:`fdemd.backbones.realigned.Realigned`), so that the budget holds for
    the pixels that are evaluated.

    Attributes:
        settings: The attack, its goal, and the network to attack.
    """

    def __init__(
        self, evaluated: Backbone, settings: AdversarialQuery, *, seed: int, cache: Path, device: torch.device
    ) -> None:
        """Prepare the attack.

        Args:
            evaluated: Network that will look at the attacked faces.
            settings: The attack, its goal, and the network to attack.
            seed: Seed of the random starts and of whom each query impersonates.
            cache: Folder that keeps the attacked faces, ``3 * H * W`` bytes each.
            device: Device to compute on.

        Raises:
            InputError: The network to attack cannot be built or gives no gradients.
        """
        self.settings = settings
        self._network = _attacked_network(evaluated, settings.model)
        self._seed, self._cache, self._device = seed, cache, device

    @property
    def attacked_name(self) -> str:
        """Name of the attacked network."""
        return self.settings.model.backbone if self.settings.model else "the evaluated network"

    def __call__(
        self, manifest: Manifest, faces: AlignedFaces, query_rows: Tensor, gallery_rows: Tensor
    ) -> AlignedFaces:
        """Return the attacked faces, from the cache if these very faces were attacked in this way before.

        Args:
            manifest: The photographs.
            faces: Their faces, aligned for the evaluated network.
            query_rows: Rows of the manifest to attack; the others are black in the result.
            gallery_rows: Rows of the manifest that they will be looked for in.

        Raises:
            InputError: The cache cannot be written, or there is nobody to impersonate.
        """
        query_rows, gallery_rows = (_by_path(manifest, rows) for rows in (query_rows, gallery_rows))
        digest = self._digest(manifest, faces, query_rows, gallery_rows)
        with torch.inference_mode(False):  # gradients, whoever asks
            found = load_or_make(
                self._cache / ADVERSARIAL / digest,
                "attacked faces",
                lambda new: self._attack_all(manifest, faces, query_rows, gallery_rows, new),
            )
        return replace(faces, images=found.array("images"), digest=digest)

    def aims(self, manifest: Manifest, query_rows: Tensor, gallery_rows: Tensor) -> list[str]:
        """Return the person that each query is moved away from (its own) or towards.

        Args:
            manifest: The photographs.
            query_rows: Rows of the queries.
            gallery_rows: Rows of the gallery.
        """
        queries = [manifest.photographs[row] for row in query_rows.tolist()]
        own = [query.identity for query in queries]
        if self.settings.goal == DODGING:
            return own
        people = [manifest.photographs[row].identity for row in gallery_rows.tolist()]
        return draw_victims([query.path for query in queries], own, people, self._seed)

    def _digest(self, manifest: Manifest, faces: AlignedFaces, query_rows: Tensor, gallery_rows: Tensor) -> str:
        decides = [
            _PIPELINE,
            self.settings.key,
            self.settings.goal,
            self._seed,
            faces.digest,
            self._network.fingerprint(),
        ]
        digest = hashlib.sha256(json.dumps(decides).encode())
        for rows in (query_rows, gallery_rows):
            chosen = [manifest.photographs[row] for row in rows.tolist()]
            digest.update(json.dumps([(row.path, row.identity, row.source) for row in chosen]).encode())
        return digest.hexdigest()

    def _attack_all(
        self, manifest: Manifest, faces: AlignedFaces, query_rows: Tensor, gallery_rows: Tensor, new: EntryWriter
    ) -> dict[str, Any]:
        self._network.to(self._device)
        queries = self._faces(manifest, faces, query_rows, mirrored=True)
        gallery = self._faces(manifest, faces, gallery_rows)
        towards = anchors(queries, gallery, self.aims(manifest, query_rows, gallery_rows))
        if self.settings.goal == DODGING:
            towards = -towards  # away from it
        images = new.allocate("images", torch.uint8, faces.images.shape)
        for batch in track(list(_filled(range(len(query_rows)))), "Attacking faces"):
            rows, anchor = query_rows[batch], towards[batch]
            start = torch.stack([_start(self._seed, manifest.photographs[row].path, faces) for row in rows.tolist()])
            attacked = attack_faces(
                self.settings, partial(self._cosine, anchor=anchor), self._pixels(faces, rows), start.to(self._device)
            )
            images[rows.numpy()] = to_pixels(attacked).permute(0, 2, 3, 1).cpu().numpy()
        return {}

    def _cosine(self, pixels: Tensor, anchor: Tensor) -> Tensor:
        return cosine_of_pairs(self._network(pixels).embedding, anchor)

    @torch.no_grad()
    def _faces(self, manifest: Manifest, faces: AlignedFaces, rows: Tensor, *, mirrored: bool = False) -> SourcedFaces:
        found = []
        for batch in _filled(range(len(rows))):
            pixels = self._pixels(faces, rows[batch])
            found.append(self._network(pixels.flip(-1) if mirrored else pixels).embedding)
        chosen = [manifest.photographs[row] for row in rows.tolist()]
        return SourcedFaces(
            torch.cat(found)[: len(rows)],
            [photograph.identity for photograph in chosen],
            [photograph.source for photograph in chosen],
        )

    def _pixels(self, faces: AlignedFaces, rows: Tensor) -> Tensor:
        """Faces ``(B, 3, H, W)`` in [0, 1]."""
        images = torch.from_numpy(faces.images[rows.numpy()]).to(self._device)
        return images.permute(0, 3, 1, 2).float() / 255


def _attacked_network(evaluated: Backbone, other: Network | None) -> Backbone:
    """The network to attack, looking at the faces that the evaluated one takes."""
    network = create_backbone(**other.plain()) if other else evaluated
    if not network.differentiable:
        raise InputError(
            "An ONNX network gives no gradients, so that it cannot be attacked; attack another one and see whether it "
            "carries over: query.adversarial.model=dlib."
        )
    alignment, size = evaluated.alignment, evaluated.face_size
    if (network.alignment, network.face_size) == (alignment, size):
        return network
    move = template_transform(alignment, size, network.alignment, network.face_size)
    return Realigned(network, alignment, size, move).eval()


def _start(seed: int, name: str, faces: AlignedFaces) -> Tensor:
    """Numbers ``(3, H, W)`` in [-1, 1] that depend on the seed and the photograph's name alone."""
    digest = hashlib.sha256(f"{seed}/{ADVERSARIAL}/{name}".encode()).digest()
    generator = np.random.default_rng(int.from_bytes(digest[:8], "big"))
    return torch.from_numpy(generator.uniform(-1, 1, (3, *faces.images.shape[1:3])).astype(np.float32))


def _by_path(manifest: Manifest, rows: Tensor) -> Tensor:
    """The rows in an order that does not depend on that of the manifest."""
    return torch.tensor(sorted(rows.tolist(), key=lambda row: manifest.photographs[row].path), dtype=torch.long)


def _filled(places: range) -> Iterator[Tensor]:
    """Batches of :data:`_AT_ONCE` places; the last one repeats its last place until it is full."""
    for first in range(0, len(places), _AT_ONCE):
        yield torch.arange(first, first + _AT_ONCE).clamp_max(len(places) - 1)
