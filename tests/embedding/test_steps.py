"""Aligning and embedding as the settings of a run say."""

from pathlib import Path

import pytest
import torch
from pytorch_lightning import Trainer
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d

from fdemd.backbones import Backbone
from fdemd.cli.command_line import plan
from fdemd.data.aligned import AlignedFaces, aligned_faces
from fdemd.data.dataset import FaceDataset
from fdemd.data.manifest import Manifest
from fdemd.data.sources import folder_manifest
from fdemd.embedding.steps import align_photographs, embed_sets
from fdemd.embedding.trainer import single_device_trainer
from fdemd.faces.queries import QueryMaker
from fdemd.features import Features
from fdemd.settings.jobs import Evaluate


class QuarterNet(Backbone):
    """The mean colours of the four quarters of a face are its patches, their mean its embedding."""

    face_size, alignment, weights_sha256 = (32, 32), "dlib", "none"

    def forward(self, faces: Tensor) -> Features:
        patches = adaptive_avg_pool2d(faces, 2).flatten(2).mT
        return Features(patches.mean(1), patches, (2, 2))


def settings_of(*words: str) -> Evaluate:
    (point,) = plan("evaluate", ["trainer=cpu", "data.num_workers=0", *words])
    settings: Evaluate = point.settings
    return settings


@pytest.fixture(scope="module")
def manifest(few_people: Path) -> Manifest:
    return folder_manifest(str(few_people))


@pytest.fixture
def faces(manifest: Manifest) -> AlignedFaces:
    return align_photographs(manifest, QuarterNet(), settings_of().data)


@pytest.fixture
def trainer() -> Trainer:
    return single_device_trainer(settings_of().trainer, show_progress=False)


def clean(faces: AlignedFaces, manifest: Manifest) -> dict[str, FaceDataset]:
    return {"clean": FaceDataset(faces, manifest, torch.arange(20), QueryMaker("clean", (32, 32), 0))}


def test_faces_are_aligned_as_the_network_takes_them(faces: AlignedFaces, manifest: Manifest, cache: Path) -> None:
    assert faces.images.shape == (20, 32, 32, 3)
    assert faces.digest == aligned_faces(manifest, "dlib", (32, 32), cache=cache, detector="dlib").digest


@pytest.mark.parametrize("dtype", ["float16", "float32", "bfloat16"])
def test_patches_are_kept_in_the_precision_of_the_settings(
    faces: AlignedFaces, manifest: Manifest, trainer: Trainer, dtype: str
) -> None:
    settings = settings_of(f"features.dtype={dtype}", "features.store=false")
    found = embed_sets(settings, QuarterNet(), clean(faces, manifest), trainer)["clean"]
    assert found.features.patches.dtype == getattr(torch, dtype)
    assert found.name == "", "nothing is stored"


def test_features_are_stored_for_the_next_run_and_a_changed_network_has_its_own(
    faces: AlignedFaces, manifest: Manifest, trainer: Trainer, tmp_path: Path
) -> None:
    settings, sets = settings_of(f"data.cache='{tmp_path}'"), clean(faces, manifest)
    origins = [
        embed_sets(settings, QuarterNet(), sets, trainer, variant)["clean"].origin
        for variant in (None, None, {"mirrored": True}, {"mirrored": True})
    ]
    assert origins == ["computed", "stored", "computed", "stored"]
    again = settings_of(f"data.cache='{tmp_path}'", "data.batch_size=3")
    assert embed_sets(again, QuarterNet(), sets, trainer)["clean"].origin == "stored", "batches do not matter"
