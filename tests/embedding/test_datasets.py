"""Faces become features: all of them, in order, in the precision asked for, or a sentence why not."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from pytorch_lightning import Trainer
from torch import Tensor, nn
from torch.nn.functional import adaptive_avg_pool2d

from fdemd.backbones import Backbone
from fdemd.cache.features import TENSORS, FeatureStore
from fdemd.data.aligned import aligned_faces
from fdemd.data.batch import as_numbers
from fdemd.data.dataset import FaceDataset
from fdemd.data.sources import folder_manifest
from fdemd.embedding.batch import DTYPES
from fdemd.embedding.datasets import EmbeddedFaces, embed_datasets
from fdemd.embedding.trainer import single_device_trainer
from fdemd.errors import InputError
from fdemd.faces.queries import QueryMaker
from fdemd.features import Features
from fdemd.settings import running
from fdemd.settings.queries import CropQuery, check_queries

FACES = {"batch_size": 8}


@pytest.fixture
def trainer() -> Trainer:
    return single_device_trainer(running.Trainer(accelerator="cpu", precision="32-true"), show_progress=False)


@pytest.fixture(scope="module")
def queries(few_people: Path, cache: Path) -> dict[str, FaceDataset]:
    """All 20 faces clean, 7 of them cropped."""
    manifest, size = folder_manifest(str(few_people)), (150, 150)
    faces = aligned_faces(manifest, "dlib", size, cache=cache, detector="dlib")
    clean, crop = QueryMaker("clean", size, 0), QueryMaker("crop", size, 0, CropQuery(side=0.7))
    return {
        "clean": FaceDataset(faces, manifest, torch.arange(20), clean),
        "crop": FaceDataset(faces, manifest, torch.arange(3, 10), crop),
    }


class SmallNet(Backbone):
    """Mean colours of the four quarters of a face, times a matrix."""

    face_size, alignment, weights_sha256 = (150, 150), "dlib", "none"

    def __init__(self, weight: float = 1.0) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.full((3, 3), weight / 3))

    def forward(self, faces: Tensor) -> Features:
        patches = adaptive_avg_pool2d(faces, 2).flatten(2).mT @ self.weight
        return Features(patches.mean(1), patches, (2, 2))


def test_every_face_of_every_kind_is_embedded_in_order(
    queries: dict[str, FaceDataset], dlib_net: Backbone, trainer: Trainer
) -> None:
    embedded = embed_datasets(dlib_net, queries, trainer, **FACES)
    for kind, faces in queries.items():
        with torch.inference_mode():
            expected = [dlib_net(as_numbers(faces[number]["face"][None])) for number in range(len(faces))]
        found = embedded[kind].features
        assert embedded[kind].rows.tolist() == faces.rows.tolist()
        torch.testing.assert_close(found.embedding, torch.cat([one.embedding for one in expected]))
        torch.testing.assert_close(found.patches, torch.cat([one.patches for one in expected]))
        assert torch.equal(found.landmarks, torch.stack([faces[number]["landmarks"] for number in range(len(faces))]))
        assert found.grid == (8, 8)


def test_patches_are_rounded_and_embeddings_are_not(queries: dict[str, FaceDataset], trainer: Trainer) -> None:
    whole = embed_datasets(SmallNet(), queries, trainer, **FACES)["crop"].features
    half = embed_datasets(SmallNet(), queries, trainer, **FACES, dtype=torch.float16)["crop"].features
    assert torch.equal(half.embedding, whole.embedding)
    assert half.patches.dtype == torch.float16
    assert torch.equal(half.patches, whole.patches.half())


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


def identical(one: dict[str, EmbeddedFaces], other: dict[str, EmbeddedFaces]) -> bool:
    return list(one) == list(other) and all(
        torch.equal(getattr(one[kind].features, name), getattr(other[kind].features, name))
        for kind in one
        for name in TENSORS
    )


def origins(embedded: dict[str, EmbeddedFaces]) -> dict[str, str]:
    return {kind: each.origin for kind, each in embedded.items()}


@pytest.mark.parametrize("dtype", DTYPES.values())
def test_without_a_store_into_it_and_out_of_it_features_are_the_same_bit_by_bit(
    queries: dict[str, FaceDataset], trainer: Trainer, tmp_path: Path, dtype: torch.dtype
) -> None:
    network, store = SmallNet(), FeatureStore(tmp_path, {})
    plain, first, second = (
        embed_datasets(network, queries, trainer, **FACES, dtype=dtype, store=where) for where in (None, store, store)
    )
    assert origins(plain) == origins(first) == {"clean": "computed", "crop": "computed"}
    assert origins(second) == {"clean": "stored", "crop": "stored"}
    assert identical(plain, first)
    assert identical(first, second)


def test_only_what_is_missing_is_embedded(
    queries: dict[str, FaceDataset], trainer: Trainer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    network, store, seen = SmallNet(), FeatureStore(tmp_path, {}), []
    network.register_forward_hook(lambda _, inputs, __: seen.append(len(inputs[0])))
    checked = 3 + 1  # of the first batch: together, and one alone
    embed_datasets(network, {"crop": queries["crop"]}, trainer, **FACES, store=store)
    assert sum(seen) == checked + 7
    both = embed_datasets(network, queries, trainer, **FACES, store=store)
    assert sum(seen) == checked + 7 + checked + 20
    assert origins(both) == {"clean": "computed", "crop": "stored"}
    printed = capsys.readouterr().out
    assert f"Features in {tmp_path / 'features'}: crop to be computed." in printed
    assert f"Features in {tmp_path / 'features'}: crop from an earlier run; clean to be computed." in printed


def test_batches_and_workers_do_not_matter_to_the_store(
    queries: dict[str, FaceDataset], trainer: Trainer, tmp_path: Path
) -> None:
    network, store = SmallNet(), FeatureStore(tmp_path, {})
    embed_datasets(network, queries, trainer, batch_size=8, num_workers=1, store=store)
    again = embed_datasets(network, queries, trainer, batch_size=5, store=store)
    assert set(origins(again).values()) == {"stored"}


def test_whatever_changes_the_features_has_an_entry_of_its_own(
    queries: dict[str, FaceDataset], trainer: Trainer, tmp_path: Path
) -> None:
    """One way to embed seven cropped faces, and every change that must not find its features."""
    crop = queries["crop"]
    usual = {**FACES, "store": FeatureStore(tmp_path, {"grid": 8})}

    def stored(weight: float = 1.0, faces: FaceDataset = crop, trainer: Trainer = trainer, **way: object) -> bool:
        return embed_datasets(SmallNet(weight), {"crop": faces}, trainer, **{**usual, **way})["crop"].origin == "stored"

    def faces(rows: Tensor = crop.rows, kind: str = "crop", seed: int = 0, digest: str = "", **settings: object):
        query = check_queries({kind: settings})[kind]
        source = replace(crop.faces, digest=digest or crop.faces.digest)
        return FaceDataset(source, crop.manifest, rows, QueryMaker(kind, (150, 150), seed, query))

    assert not stored()
    assert stored()
    assert stored(faces=faces(side=0.7))
    assert not stored(weight=2.0), "other weights, as after training"
    assert not stored(store=FeatureStore(tmp_path, {"grid": 4}))
    assert not stored(dtype=torch.float16)
    assert not stored(trainer=single_device_trainer(running.Trainer(accelerator="cpu", precision="bf16-mixed")))
    assert not stored(faces=faces(side=0.8))
    assert not stored(faces=faces(side=0.7, seed=1))
    assert not stored(faces=faces(side=0.7, rows=crop.rows[:3]))
    assert not stored(faces=faces(side=0.7, digest="other photographs"))
    assert not stored(faces=faces(kind="rotate", degrees=[1.0, 2.0]))
    assert not stored(faces=faces(kind="clean"))
    assert stored(faces=faces(kind="clean", seed=1)), "clean faces have no seed"
    assert stored()


def test_a_run_that_stops_keeps_the_kinds_that_were_done(
    queries: dict[str, FaceDataset], trainer: Trainer, tmp_path: Path
) -> None:
    """Not a finite number for one of the cropped faces, after all clean ones were embedded."""

    class Spoiled(SmallNet):
        def forward(self, faces: Tensor) -> Features:
            found = super().forward(faces)
            return replace(found, patches=found.patches / (0 if len(faces) == 7 else 1))

    network, store = Spoiled(), FeatureStore(tmp_path, {})
    with pytest.raises(InputError, match="not finite"):
        embed_datasets(network, queries, trainer, **FACES, store=store)
    assert len(list((tmp_path / "features").iterdir())) == 1
    assert (
        embed_datasets(network, {"clean": queries["clean"]}, trainer, **FACES, store=store)["clean"].origin == "stored"
    )
