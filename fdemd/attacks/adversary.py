"""Adversarial queries: the aligned faces of a manifest after an attack on a network, made once and kept on disk."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cosine_similarity

from fdemd.attacks import DODGING, GOALS, Attack, Faces, anchors, to_pixels, victims
from fdemd.backbones import Backbone, build_backbone
from fdemd.backbones.realigned import Realigned
from fdemd.cache.entry_writer import EntryWriter, load_or_make
from fdemd.data.aligned import AlignedFaces
from fdemd.data.manifest import Manifest
from fdemd.errors import InputError, unknown
from fdemd.faces.alignment import template_transform
from fdemd.runs.steady_progress import track

ADVERSARIAL = "adversarial"
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
    """

    def __init__(
        self, evaluated: Backbone, settings: Mapping[str, Any], *, seed: int, cache: Path, device: torch.device
    ) -> None:
        """Prepare the attack.

        Args:
            evaluated: the network that will look at the attacked faces.
            settings: as in ``configs/query/adversarial.yaml``.
            seed: of the random starts and of whom each query impersonates.
            cache: folder that keeps the attacked faces, ``3 * H * W`` bytes each.
            device: to compute on.

        Raises:
            InputError: a setting is wrong, or the network to attack cannot be built or gives no gradients.
        """
        settings = dict(settings)
        self.goal, other = settings.pop("goal"), settings.pop("model")
        if self.goal not in GOALS:
            raise unknown("goal of query.adversarial", self.goal, GOALS)
        self.attack = Attack(settings.pop("attack"), **settings)
        self._network = _attacked(evaluated, other)
        named = other if isinstance(other, str | None) else other["backbone"]
        self.attacked_name = named or "the evaluated network"
        self._seed, self._cache, self._device = seed, cache, device

    def __call__(
        self, manifest: Manifest, faces: AlignedFaces, query_rows: Tensor, gallery_rows: Tensor
    ) -> AlignedFaces:
        """The attacked faces, from the cache if these very faces were attacked in this way before.

        Args:
            manifest: the photographs.
            faces: all of them, aligned for the evaluated network.
            query_rows: the rows to attack; the others are black in the result.
            gallery_rows: the rows that they will be looked for in.

        Raises:
            InputError: the cache cannot be written, or there is nobody to impersonate.
        """
        query_rows, gallery_rows = (_by_path(manifest, rows) for rows in (query_rows, gallery_rows))
        digest = self._digest(manifest, faces, query_rows, gallery_rows)
        with torch.inference_mode(False):  # gradients, whoever asks
            found = load_or_make(
                self._cache / ADVERSARIAL / digest,
                "attacked faces",
                lambda new: self._attack_all(manifest, faces, query_rows, gallery_rows, new),
            )
        images = found.tensors["images"].numpy()
        images.flags.writeable = False  # they are mapped read-only
        return replace(faces, images=images, digest=digest)

    def aims(self, manifest: Manifest, query_rows: Tensor, gallery_rows: Tensor) -> list[str]:
        """The person that each query is moved away from (its own) or towards."""
        queries = [manifest.photographs[row] for row in query_rows.tolist()]
        own = [query.identity for query in queries]
        if self.goal == DODGING:
            return own
        people = [manifest.photographs[row].identity for row in gallery_rows.tolist()]
        return victims([query.path for query in queries], own, people, self._seed)

    def _digest(self, manifest: Manifest, faces: AlignedFaces, query_rows: Tensor, gallery_rows: Tensor) -> str:
        decides = [_PIPELINE, self.attack.key, self.goal, self._seed, faces.digest, self._network.fingerprint()]
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
        if self.goal == DODGING:
            towards = -towards  # away from it
        images = new.allocate("images", torch.uint8, faces.images.shape)
        for batch in track(list(_filled(range(len(query_rows)))), "Attacking faces"):
            rows, anchor = query_rows[batch], towards[batch]
            start = torch.stack([_start(self._seed, manifest.photographs[row].path, faces) for row in rows.tolist()])
            attacked = self.attack(
                partial(self._cosine, anchor=anchor), self._pixels(faces, rows), start.to(self._device)
            )
            images[rows.numpy()] = to_pixels(attacked).permute(0, 2, 3, 1).cpu().numpy()
        return {}

    def _cosine(self, pixels: Tensor, anchor: Tensor) -> Tensor:
        return cosine_similarity(self._network(pixels).embedding, anchor)

    @torch.no_grad()
    def _faces(self, manifest: Manifest, faces: AlignedFaces, rows: Tensor, *, mirrored: bool = False) -> Faces:
        found = []
        for batch in _filled(range(len(rows))):
            pixels = self._pixels(faces, rows[batch])
            found.append(self._network(pixels.flip(-1) if mirrored else pixels).embedding)
        chosen = [manifest.photographs[row] for row in rows.tolist()]
        return Faces(
            torch.cat(found)[: len(rows)],
            [photograph.identity for photograph in chosen],
            [photograph.source for photograph in chosen],
        )

    def _pixels(self, faces: AlignedFaces, rows: Tensor) -> Tensor:
        """Faces ``(B, 3, H, W)`` in [0, 1]."""
        images = torch.from_numpy(faces.images[rows.numpy()]).to(self._device)
        return images.permute(0, 3, 1, 2).float() / 255


def _attacked(evaluated: Backbone, other: str | Mapping[str, Any] | None) -> Backbone:
    """The network to attack, looking at the faces that the evaluated one takes."""
    if other is None:
        network = evaluated
    elif isinstance(other, str):
        network = build_backbone(other)
    else:
        if "backbone" not in other:
            raise InputError(
                f"query.adversarial.model is {dict(other)}; it must name a network, as in configs/model: "
                "{backbone: facenet, checkpoint: FILE}."
            )
        network = build_backbone(**other)
    if not network.differentiable:
        raise InputError(
            "An ONNX network gives no gradients, so that it cannot be attacked; attack another one and see whether it "
            "carries over: query.adversarial.model=dlib."
        )
    place, size = evaluated.alignment, evaluated.face_size
    if (network.alignment, network.face_size) == (place, size):
        return network
    move = template_transform(place, size, network.alignment, network.face_size)
    return Realigned(network, place, size, move).eval()


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
