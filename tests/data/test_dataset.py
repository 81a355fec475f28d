"""Rows of a manifest as items: the query that is made of each face, and what tells two data sets apart."""

from pathlib import Path

import numpy as np
import torch

from fdemd.data.aligned import AlignedFaces
from fdemd.data.batch import face_item
from fdemd.data.dataset import FaceDataset
from fdemd.data.manifest import Manifest, Photograph
from fdemd.faces.queries import QueryMaker
from fdemd.settings.queries import CropQuery

SIZE = (32, 32)
MANIFEST = Manifest(Path(), tuple(Photograph(f"{number}.png", "ann", f"{number}.png") for number in range(4)))
FACES = AlignedFaces(
    np.random.default_rng(0).integers(0, 256, (4, *SIZE, 3), dtype=np.uint8),
    np.random.default_rng(1).uniform(0, 32, (4, 68, 2)).astype(np.float32),
    (),
    (),
    "the digest of these faces",
)


def dataset(kind: str, rows: list[int], seed: int = 0) -> FaceDataset:
    settings = CropQuery(side=0.7) if kind == "crop" else None
    return FaceDataset(FACES, MANIFEST, torch.tensor(rows), QueryMaker(kind, SIZE, seed, settings))


def test_an_item_is_the_query_made_of_the_face_of_its_row() -> None:
    found, maker = dataset("crop", [3, 1]), QueryMaker("crop", SIZE, 0, CropQuery(side=0.7))
    assert len(found) == 2
    for number, row in enumerate([3, 1]):
        expected = face_item(maker(FACES.face(row), f"{row}.png"), row)
        assert all(torch.equal(found[number][name], expected[name]) for name in ("face", "landmarks", "row"))


def test_clean_faces_are_as_they_were_aligned() -> None:
    assert torch.equal(dataset("clean", [2])[0]["face"], torch.from_numpy(FACES.images[2]).permute(2, 0, 1))


def test_rows_their_order_kind_and_seed_tell_data_sets_apart() -> None:
    """Stored features are found by this identity."""
    sets = [("clean", [0, 1]), ("clean", [1, 0]), ("clean", [0]), ("crop", [0, 1]), ("crop", [0, 1], 1)]
    identities = [dataset(*each).identity for each in sets]
    assert all(identities.count(each) == 1 for each in identities)
    assert dataset("crop", [0, 1]).identity == dataset("crop", [0, 1]).identity
