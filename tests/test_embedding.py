"""Faces become features: all of them, in order, in the precision asked for, or a sentence why not."""

from pathlib import Path

import pytest
import torch
from pytorch_lightning import Trainer
from torch import Tensor, nn

from fdemd.backbones import Backbone
from fdemd.data.aligned import aligned_faces
from fdemd.data.datamodule import FaceDataset
from fdemd.data.sources import folder_manifest
from fdemd.embedding import EmbeddedFaces, check_dtype, embed, embed_batch
from fdemd.errors import InputError
from fdemd.evaluation import single_device_trainer
from fdemd.faces.queries import QueryMaker
from fdemd.features import Features

FACES = {"batch_size": 8}


@pytest.fixture
def trainer() -> Trainer:
    return single_device_trainer({"accelerator": "cpu", "precision": "32-true", "enable_progress_bar": False})


@pytest.fixture(scope="module")
def queries(few_people: Path, cache: Path) -> dict[str, FaceDataset]:
    """All 20 faces clean, 7 of them cropped."""
    manifest, size = folder_manifest(str(few_people)), (150, 150)
    faces = aligned_faces(manifest, "dlib", size, cache=cache)
    clean, crop = QueryMaker("clean", size, 0), QueryMaker("crop", size, 0, side=0.7)
    return {
        "clean": FaceDataset(faces, manifest, torch.arange(20), clean),
        "crop": FaceDataset(faces, manifest, torch.arange(3, 10), crop),
    }


class Constant(Backbone):
    """Gives the same patches for every face."""

    face_size, alignment, weights_sha256 = (150, 150), "dlib", "none"

    def __init__(self, patches: Tensor) -> None:
        super().__init__()
        self.patches = nn.Parameter(patches)

    def forward(self, faces: Tensor) -> Features:
        return Features(faces.mean((2, 3)), self.patches.expand(len(faces), -1, -1), (1, len(self.patches)))


def test_every_face_of_every_kind_is_embedded_in_order(
    queries: dict[str, FaceDataset], dlib_net: Backbone, trainer: Trainer
) -> None:
    embedded = embed(dlib_net, queries, trainer, **FACES)
    for kind, faces in queries.items():
        with torch.inference_mode():
            expected = [dlib_net(faces[number]["face"][None]) for number in range(len(faces))]
        found = embedded[kind].features
        assert embedded[kind].rows.tolist() == faces.rows.tolist()
        torch.testing.assert_close(found.embedding, torch.cat([one.embedding for one in expected]))
        torch.testing.assert_close(found.patches, torch.cat([one.patches for one in expected]))
        assert torch.equal(found.landmarks, torch.stack([faces[number]["landmarks"] for number in range(len(faces))]))
        assert found.grid == (8, 8)


def test_patches_are_rounded_and_embeddings_are_not(
    queries: dict[str, FaceDataset], dlib_net: Backbone, trainer: Trainer
) -> None:
    whole = embed(dlib_net, queries, trainer, **FACES)["crop"].features
    half = embed(dlib_net, queries, trainer, **FACES, dtype=torch.float16)["crop"].features
    assert torch.equal(half.embedding, whole.embedding)
    assert half.patches.dtype == torch.float16
    assert torch.equal(half.patches, whole.patches.half())


@pytest.mark.parametrize(("value", "dtype"), [(1e5, torch.float16), (1e-9, torch.float16), (3.402e38, torch.bfloat16)])
def test_patches_that_a_precision_cannot_hold_are_never_infinite_or_nothing(value: float, dtype: torch.dtype) -> None:
    network = Constant(torch.full((4, 8), value))
    batch = {"face": torch.rand(2, 3, 9, 9), "landmarks": torch.rand(2, 68, 2), "row": torch.arange(2)}
    with pytest.raises(InputError, match=r"features\.dtype"):
        embed_batch(network, batch, dtype)


def test_patches_of_nothing_but_zeros_can_be_kept() -> None:
    batch = {"face": torch.rand(2, 3, 9, 9), "landmarks": torch.rand(2, 68, 2), "row": torch.arange(2)}
    assert embed_batch(Constant(torch.zeros(4, 8)), batch, torch.float16).patches.abs().sum() == 0


def test_numbers_that_are_not_finite_name_their_rows() -> None:
    batch = {"face": torch.rand(2, 3, 9, 9), "landmarks": torch.rand(2, 68, 2), "row": torch.tensor([4, 7])}
    with pytest.raises(InputError, match=r"rows \[4, 7\]"):
        embed_batch(Constant(torch.full((4, 8), torch.nan)), batch)


def test_a_precision_has_a_name() -> None:
    assert check_dtype("bfloat16") == torch.bfloat16
    with pytest.raises(InputError, match="did you mean float16"):
        check_dtype("flaot16")


def test_features_are_found_by_row() -> None:
    features = Features(torch.arange(5.0)[:, None], torch.rand(5, 4, 2), (2, 2), torch.rand(5, 68, 2))
    embedded = EmbeddedFaces(features, torch.tensor([9, 3, 4, 5, 1]))
    assert embedded.at(torch.tensor([5, 1, 9])).embedding.flatten().tolist() == [3, 4, 0]
    with pytest.raises(ValueError, match="not embedded"):
        embedded.at(torch.tensor([3, 10]))


def test_rows_that_stand_together_are_not_copied() -> None:
    features = Features(torch.rand(5, 3), torch.rand(5, 4, 2), (2, 2), torch.rand(5, 68, 2))
    gallery = EmbeddedFaces(features, torch.tensor([1, 3, 4, 5, 9])).at(torch.tensor([3, 4, 5]))
    assert gallery.patches.data_ptr() == features.patches[1:].data_ptr()
