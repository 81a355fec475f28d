"""Training faces one by one, and the visits that make up batches wherever a training stands."""

from pathlib import Path

import numpy as np
import pytest
import torch

from fdemd.data.aligned import AlignedFaces
from fdemd.data.augmentation import Augmentation
from fdemd.data.manifest import Manifest, Photograph
from fdemd.data.samplers import ShuffledSampler
from fdemd.data.training_dataset import TrainingDataset, VisitSampler
from fdemd.settings.faces import Augment

SIZE = (32, 32)
MANIFEST = Manifest(Path(), tuple(Photograph(f"{row}.png", name, f"{row}.png") for row, name in enumerate("abba")))
FACES = AlignedFaces(
    np.random.default_rng(0).integers(0, 256, (4, *SIZE, 3), dtype=np.uint8),
    np.random.default_rng(1).uniform(4, 28, (4, 68, 2)).astype(np.float32),
    (),
    (),
    "the digest of these faces",
)


@pytest.fixture
def augmentation() -> Augmentation:
    return Augmentation(SIZE, 0, mask_share=0.0, section=Augment(flip=0.5, crop=0.3, mask_kinds=["surgical"]))


def test_a_face_is_that_of_its_row_as_it_is_at_its_visit(augmentation: Augmentation) -> None:
    faces = TrainingDataset(FACES, MANIFEST, {"a": 7, "b": 9}, augmentation)
    pictures = []
    for visit, row in ((0, 1), (5, 1), (5, 3)):
        found = faces[visit, row]
        expected = augmentation(FACES.face(row), visit, f"{row}.png")
        assert torch.equal(found["face"], torch.from_numpy(expected).permute(2, 0, 1))
        assert (int(found["label"]), int(found["row"])) == ({1: 9, 3: 7}[row], row)
        pictures.append(found["face"])
    assert not torch.equal(pictures[0], pictures[1]), "another visit, another picture"


def batches(done: int) -> list[list[tuple[int, int]]]:
    """The batches of the epoch that a training is in after so many, of 3 of the manifest's rows 10 to 18."""
    sampler = ShuffledSampler(9, 3, block=1, seed=0, rank=0, world_size=1)
    return list(VisitSampler(sampler, torch.arange(10, 19), lambda: done))


def test_an_epoch_is_every_row_with_the_number_of_the_epoch() -> None:
    for done, epoch in ((0, 0), (3, 1), (6, 2)):
        visits = [visit for batch in batches(done) for visit in batch]
        assert {visit for visit, _ in visits} == {epoch}
        assert sorted(row for _, row in visits) == list(range(10, 19))
    assert batches(0) != [[(0, row) for _, row in batch] for batch in batches(3)], "in another order"


@pytest.mark.parametrize("done", range(6))
def test_a_training_goes_on_with_the_batches_that_it_would_have_seen(done: int) -> None:
    assert batches(done) == batches(done - done % 3)[done % 3 :]


def test_the_place_is_asked_for_when_an_epoch_begins() -> None:
    """The loader is made once, and iterated once an epoch."""
    place = [0]
    sampler = VisitSampler(
        ShuffledSampler(9, 3, block=1, seed=0, rank=0, world_size=1), torch.arange(9), lambda: place[0]
    )
    assert len(sampler) == 3
    assert {epoch for batch in sampler for epoch, _ in batch} == {0}
    place[0] = 3
    assert {epoch for batch in sampler for epoch, _ in batch} == {1}
