"""The faces of a training: whose they are, in which batches they come, and what the device gets."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from fdemd.data import training
from fdemd.data.augmentation import Augmentation
from fdemd.data.datamodule import FaceDataModule
from fdemd.data.manifest import Manifest
from fdemd.data.sources import folder_manifest
from fdemd.data.training import TrainingDataModule, _share
from fdemd.errors import InputError
from fdemd.settings.faces import Augment
from fdemd.settings.training import Batches

SIZE = (32, 32)


def trainer(done: int = 0, rank: int = 0, processes: int = 1) -> Any:
    """What is asked of Lightning's trainer: where the training stands, and which of how many processes this is."""
    progress = SimpleNamespace(total=SimpleNamespace(ready=done))
    return SimpleNamespace(
        fit_loop=SimpleNamespace(epoch_loop=SimpleNamespace(batch_progress=progress)),
        num_devices=processes,
        world_size=processes,
        global_rank=rank,
        strategy=SimpleNamespace(root_device=torch.device("cpu")),
    )


@pytest.fixture(scope="module")
def manifest(few_people: Path) -> Manifest:
    return folder_manifest(str(few_people))


@pytest.fixture
def make(manifest: Manifest, cache: Path) -> Any:
    def made(batches: Batches | None = None, validation: FaceDataModule | None = None, **options: Any) -> Any:
        given = {"alignment": "dlib", "face_size": SIZE, "seed": 0, "detector": "dlib", "num_workers": 0}
        unchanged = Augment(flip=0.0, crop=0.0, mask_kinds=["surgical"])
        data = TrainingDataModule(
            manifest,
            validation,
            augmentation=Augmentation(SIZE, 0, mask_share=0.0, section=unchanged),
            batches=batches or Batches(order="shuffled", people=2, block=1),
            cache=cache,
            **{"batch_size": 4, **given, **options},
        )
        data.prepare_data()
        data.setup("fit")
        return data

    return made


def test_people_are_numbered_by_their_names(make: Any, manifest: Manifest) -> None:
    data = make()
    assert data.people == tuple(sorted({each.identity for each in manifest.photographs}))
    rows = torch.tensor([0, 7, 19])
    assert [data.people[label] for label in data.labels_of(rows).tolist()] == [
        manifest.photographs[row].identity for row in rows.tolist()
    ]
    assert data.paths(rows) == [manifest.photographs[row].path for row in rows.tolist()]


def test_an_epoch_sees_every_face_once_with_its_label(make: Any) -> None:
    data = make()
    data.trainer = trainer()
    batches = list(data.train_dataloader())
    assert len(batches) == data.batches_an_epoch == 5
    rows = torch.cat([batch["row"] for batch in batches])
    assert rows.sort().values.tolist() == list(range(20))
    assert torch.equal(torch.cat([batch["label"] for batch in batches]), data.labels_of(rows))


def test_processes_share_the_batches_of_one(make: Any) -> None:
    parts = []
    for rank in range(2):
        data = make()
        data.trainer = trainer(rank=rank, processes=2)
        parts.append([batch["row"] for batch in data.train_dataloader()])
    alone = make()
    alone.trainer = trainer()
    for one, other, whole in zip(*parts, alone.train_dataloader(), strict=True):
        assert torch.equal(torch.cat([one, other]), whole["row"])


def test_a_training_goes_on_in_the_middle_of_an_epoch(make: Any) -> None:
    whole, rest = make(), make()
    whole.trainer, rest.trainer = trainer(), trainer(done=2)
    expected = [batch["row"].tolist() for batch in whole.train_dataloader()][2:]
    assert [batch["row"].tolist() for batch in rest.train_dataloader()] == expected


def test_balanced_batches_have_as_many_faces_of_each_of_their_people(make: Any) -> None:
    data = make(Batches(order="balanced", people=2, block=1))
    data.trainer = trainer()
    for batch in data.train_dataloader():
        assert batch["label"].unique(return_counts=True)[1].tolist() == [2, 2]
    with pytest.raises(InputError, match=r"must be a multiple of batches\.people=3"):
        make(Batches(order="balanced", people=3, block=1))


def test_faces_as_photographed_come_in_the_order_of_their_rows(make: Any) -> None:
    data = make()
    batches = list(data.photographed_loader())
    assert torch.cat([batch["row"] for batch in batches]).tolist() == data.rows.tolist()
    expected = torch.from_numpy(data.faces.images.copy()).permute(0, 3, 1, 2)
    assert torch.equal(torch.cat([batch["face"] for batch in batches]), expected)


def test_bytes_become_numbers_before_the_way_to_the_device_for_validation_and_after_it_for_training(make: Any) -> None:
    """A GPU divides with another rounding, and validation is to give the figures of an evaluation."""
    data, faces = make(), torch.full((1, 3, 2, 2), 51, dtype=torch.uint8)
    validation, training = {"face": faces}, {"face": faces, "label": torch.tensor([0])}
    assert data.on_before_batch_transfer(validation, 0)["face"].dtype == torch.float32
    assert data.on_before_batch_transfer(training, 0)["face"].dtype == torch.uint8
    torch.testing.assert_close(data.on_after_batch_transfer(training, 0)["face"], torch.full((1, 3, 2, 2), 0.2))


def test_shares_of_faces_to_validate_with_cover_all_and_none_is_empty() -> None:
    rows = torch.arange(10, 15)
    assert torch.cat([_share(rows, rank, 3) for rank in range(3)]).sort().values.tolist() == rows.tolist()
    assert [_share(rows[:2], rank, 3).tolist() for rank in range(3)] == [[10], [11], [10]]


def test_the_digest_is_that_of_the_aligned_faces(make: Any) -> None:
    data = make()
    assert data.digest() == data.faces.digest


def test_files_are_read_once_however_often_a_run_asks(make: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lightning prepares the data and sets them up; to check a million files takes minutes each time."""
    data = make()
    monkeypatch.setattr(training, "aligned_faces", lambda *_, **__: pytest.fail("the files are read again"))
    data.prepare_data()
    data.setup("fit")
