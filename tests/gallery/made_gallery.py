"""A gallery whose photographs are texts: who is on them, and how much each face differs from the person's others.

Everything but the detector and the network is the real thing.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from fdemd.emd.compact import PatchMap, compact, fit_patch_map
from fdemd.errors import InputError
from fdemd.faces.photographs import Preprocessing
from fdemd.features import Features
from fdemd.gallery.cohort import see_strangers, store_cohort
from fdemd.gallery.database import Database
from fdemd.gallery.faces import SeenFace, SeenPhotograph, name_of
from fdemd.gallery.gallery import Gallery
from fdemd.gallery.patch_map import write_map
from fdemd.gallery.pin import COMPACT, Pin, read_pin, write_pin
from fdemd.gallery.search import default_rerank

GRID, CHANNELS = (2, 2), 16
LENGTH = GRID[0] * GRID[1] * CHANNELS
PIN = Pin("made", "random", "made", "insightface", (112, 112), "yunet", patches="raw", keep="bytes")
STRANGERS = 24


def photograph(*people: str, shot: int = 0, noise: float = 0.2, side: float = 100, sharpness: float = 100) -> bytes:
    """A photograph of some people, most prominent first."""
    facts = {"people": people, "shot": shot, "noise": noise, "side": side, "sharpness": sharpness}
    return json.dumps(facts).encode()


def number_of(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")


def vector(person: str, shot: int, noise: float) -> np.ndarray:
    """Photographs of one person have a cosine of about 1 / (1 + noise**2), two people one of about 0."""
    own, other = (np.random.default_rng(number_of(text)) for text in (person, f"{person}/{shot}"))
    return own.normal(size=LENGTH) + noise * other.normal(size=LENGTH)


def features(embeddings: Sequence[np.ndarray]) -> Features:
    embedding = torch.from_numpy(np.stack(embeddings)).float()
    return Features(embedding, embedding.view(len(embedding), LENGTH // CHANNELS, CHANNELS).half(), GRID)


class MadeReader:
    """Reads what :func:`photograph` writes, as :class:`fdemd.gallery.faces.FaceReader` reads photographs."""

    preprocessing = Preprocessing(PIN.alignment, PIN.face_size, PIN.detector)
    patch_map: PatchMap | None = None

    def read(self, content: bytes | Path) -> SeenPhotograph:
        path = content if isinstance(content, Path) else None
        data = content.read_bytes() if isinstance(content, Path) else content
        try:
            facts = json.loads(data)
        except ValueError as error:
            raise InputError(f"The {name_of(content)} cannot be read: not an image.") from error
        faces = []
        for place, person in enumerate(facts["people"]):
            side = facts["side"] / (1 + place)
            box = (200.0 * place, 10.0, 200.0 * place + side, 10 + 1.2 * side)
            image = np.random.default_rng(number_of(person)).integers(0, 255, (112, 112, 3)).astype(np.uint8)
            found = features([vector(person, facts["shot"], facts["noise"])])
            faces.append(SeenFace(box, image, facts["sharpness"], found))
        return SeenPhotograph(name_of(content), path, hashlib.sha256(data).hexdigest(), data, tuple(faces))

    def embed(self, images: np.ndarray) -> Features:
        """Some features of pictures, the same for the same ones."""
        return features([np.random.default_rng(int(image.sum())).normal(size=LENGTH) for image in images])


MAP = fit_patch_map(features([vector(f"fitted {number}", 0, 0.2) for number in range(40)]), 12)
COMPACT_PIN = replace(PIN, dtype=COMPACT, patch_map=MAP.sha256)


class CompactReader(MadeReader):
    """Reads the same photographs for a gallery of compact patches."""

    patch_map = MAP

    def read(self, content: bytes | Path) -> SeenPhotograph:
        seen = super().read(content)
        return replace(seen, faces=tuple(replace(face, features=compact(face.features, MAP)) for face in seen.faces))

    def embed(self, images: np.ndarray) -> Features:
        return compact(super().embed(images), MAP)


def open_made(where: str | Path, *, pin: Pin = PIN, reader: MadeReader | None = None) -> Gallery:
    """Open a gallery of such photographs, or make one."""
    database = Database(where)
    maker = CompactReader() if pin.dtype == COMPACT else MadeReader()
    with database.write() as session:
        found = read_pin(session)
        if found is None:
            strangers = [[photograph(f"stranger {n}", shot=s) for s in (0, 1)] for n in range(STRANGERS)]
            store_cohort(session, see_strangers(maker, strangers))
            write_pin(session, pin)
            write_map(session, maker.patch_map)
    return Gallery(database, reader or maker, found or pin, default_rerank(pin))
