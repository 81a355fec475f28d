"""The faces that a network is trained on, in an order that does not depend on how often it was interrupted."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypedDict

import torch
from pytorch_lightning import LightningDataModule
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from fdemd.data.aligned import AlignedFaces, aligned_faces, faces_digest
from fdemd.data.augmentation import Augmentation
from fdemd.data.datamodule import FaceDataModule
from fdemd.data.dataset import FaceBatch, FaceDataset, as_numbers
from fdemd.data.loading import face_loader, workers_that_fit
from fdemd.data.manifest import Manifest, check_identities
from fdemd.data.samplers import BalancedSampler, BatchSampler, ShuffledSampler
from fdemd.data.workers import worker_init
from fdemd.errors import InputError, unknown
from fdemd.faces.queries import QueryMaker

SHUFFLED, BALANCED = "shuffled", "balanced"
ORDERS = (SHUFFLED, BALANCED)


class TrainingBatch(TypedDict):
    """A batch of augmented faces.

    ``face (B, 3, H, W)`` RGB: uint8 from the loader, float32 in [0, 1] once it is on its device; ``label (B,)`` number
    of the person; ``row (B,)`` in the manifest.
    """

    face: Tensor
    label: Tensor
    row: Tensor


class TrainingFaces(Dataset[TrainingBatch]):
    """(visit, row) -> the face of a manifest row as it is at that visit."""

    def __init__(
        self, faces: AlignedFaces, manifest: Manifest, labels: Mapping[str, int], change: Augmentation
    ) -> None:
        self.faces, self.manifest, self.labels, self.change = faces, manifest, labels, change

    def __getitem__(self, index: tuple[int, int]) -> TrainingBatch:
        visit, row = index
        photograph = self.manifest.photographs[row]
        picture = self.change(self.faces.face(row), visit, photograph.path)
        return TrainingBatch(
            face=torch.from_numpy(picture).permute(2, 0, 1),
            label=torch.tensor(self.labels[photograph.identity]),
            row=torch.tensor(row),
        )


class TrainingDataModule(LightningDataModule):
    """Aligned faces of one manifest in an endless, seeded order of epochs, and people held out of it.

    ``people`` are the identities in the order of their labels. After :meth:`setup`: ``faces`` are the aligned faces,
    ``rows`` the manifest rows that have one.
    """

    faces: AlignedFaces
    rows: Tensor

    def __init__(
        self,
        manifest: Manifest,
        held_out: FaceDataModule | None,
        *,
        change: Augmentation,
        order: Mapping[str, Any],
        alignment: str,
        face_size: tuple[int, int],
        seed: int,
        detector: str,
        batch_size: int,
        num_workers: int,
        cache: Path,
    ) -> None:
        """Describe the data.

        Args:
            manifest: the photographs to train on.
            held_out: other people, to validate on.
            change: what happens to each face.
            order: how faces are put into batches, as in the section ``batches`` of ``configs/train.yaml``, decided.
            alignment: that the network takes, a name in :data:`fdemd.faces.alignment.TEMPLATES`.
            face_size: ``(height, width)`` that the network takes.
            seed: of the order.
            detector: a name in :data:`fdemd.faces.landmarks.DETECTORS`.
            batch_size: faces a step, over all processes together.
            num_workers: processes that read and augment, for each process that trains.
            cache: folder that keeps aligned faces.

        Raises:
            InputError: an unknown order, or a number out of range.
        """
        super().__init__()
        if order["order"] not in ORDERS:
            raise unknown("order of batches", order["order"], ORDERS)
        if order["order"] == BALANCED and (order["people"] < 1 or batch_size % order["people"]):
            raise InputError(
                f"data.batch_size is {batch_size}; it must be a multiple of batches.people={order['people']}."
            )
        if num_workers < 0:
            raise InputError(f"data.num_workers is {num_workers}; it must be 0 (no extra process) or more.")
        self.manifest, self.held_out, self.change, self.order = manifest, held_out, change, order
        self.people = tuple(sorted({photograph.identity for photograph in manifest.photographs}))
        self.alignment, self.face_size, self.detector, self.cache = alignment, face_size, detector, cache
        self.seed, self.batch_size, self.num_workers = seed, batch_size, num_workers

    def prepare_data(self) -> None:
        """Align what is not aligned yet, in one process."""
        self._aligned()
        if self.held_out:
            self.held_out.setup("validate")

    def setup(self, stage: str) -> None:
        """See which photographs can be used.

        Raises:
            InputError: fewer than two people are left.
        """
        self.faces = self._aligned()
        without = {entry.row for entry in self.faces.left_out}
        usable = [row for row in range(len(self.manifest)) if row not in without]
        check_identities(
            (self.manifest.photographs[row] for row in usable),
            f"{self.manifest.root}, after leaving out what has no face,",
        )
        self.rows = torch.tensor(usable)
        if self.held_out:
            self.held_out.setup(stage)

    def digest(self) -> str:
        """What ``faces.digest`` is once they are aligned."""
        return faces_digest(self.manifest, self.alignment, self.face_size, self.detector)

    @property
    def batches_an_epoch(self) -> int:
        """Batches in which every face is seen once, but for what is left over, by all processes together."""
        return max(1, len(self.rows) // self.batch_size)

    def train_dataloader(self) -> DataLoader[TrainingBatch]:
        """The batches from where the trainer stands, one epoch an iteration."""
        assert self.trainer is not None
        labels = {person: number for number, person in enumerate(self.people)}
        progress = self.trainer.fit_loop.epoch_loop.batch_progress
        here = self.trainer.num_devices  # processes that share this machine's memory
        faces = here * (self.batch_size // self.trainer.world_size + (self.held_out.batch_size if self.held_out else 0))
        workers = workers_that_fit(self.num_workers, faces, self.face_size)
        return DataLoader(
            TrainingFaces(self.faces, self.manifest, labels, self.change),
            batch_sampler=_Visits(self._sampler(labels), self.rows, lambda: progress.total.ready),
            num_workers=workers,
            worker_init_fn=worker_init,
            persistent_workers=workers > 0,
            pin_memory=self.trainer.strategy.root_device.type == "cuda",
        )

    def photographed_loader(self) -> DataLoader[FaceBatch]:
        """Every training face once, as it was photographed, in the order of ``rows``, with its row."""
        whole = FaceDataset(self.faces, self.manifest, self.rows, QueryMaker("clean", self.face_size, self.seed))
        return face_loader(whole, self.batch_size, self.num_workers)

    def labels_of(self, rows: Tensor) -> Tensor:
        """Numbers of the people on manifest rows."""
        numbers = {person: number for number, person in enumerate(self.people)}
        return torch.tensor([numbers[self.manifest.photographs[row].identity] for row in rows.tolist()])

    def val_dataloader(self) -> list[DataLoader[FaceBatch]]:
        """The held-out people, clean and then as each kind of query: this process's share of them."""
        assert self.trainer is not None
        assert self.held_out is not None
        rank, processes = self.trainer.global_rank, self.trainer.world_size
        return [
            face_loader(
                FaceDataset(whole.faces, whole.manifest, whole.rows[rank::processes], whole.maker),
                self.held_out.batch_size,
                self.held_out.num_workers,
                others=self.batch_size,  # of the training, which waits with its own
            )
            for whole in self.held_out.test_sets().values()
        ]

    def on_before_batch_transfer(self, batch: Any, dataloader_idx: int) -> Any:
        """Faces of the people held out become numbers on the CPU, as where ``evaluate.py`` embeds them."""
        if "label" not in batch:
            batch["face"] = as_numbers(batch["face"])
        return batch

    def on_after_batch_transfer(self, batch: TrainingBatch, dataloader_idx: int) -> TrainingBatch:
        """Bytes cross to the device, and become numbers there."""
        batch["face"] = as_numbers(batch["face"])
        return batch

    def paths(self, rows: Tensor) -> list[str]:
        """The photographs of manifest rows, for messages."""
        return [self.manifest.photographs[row].path for row in rows.tolist()]

    def _sampler(self, labels: Mapping[str, int]) -> BatchSampler:
        assert self.trainer is not None
        place = {"seed": self.seed, "rank": self.trainer.global_rank, "world_size": self.trainer.world_size}
        if self.order["order"] == SHUFFLED:
            return ShuffledSampler(len(self.rows), self.batch_size, block=self.order["block"], **place)
        people = self.order["people"]
        return BalancedSampler(
            [labels[self.manifest.photographs[row].identity] for row in self.rows.tolist()],
            people=people,
            photographs=self.batch_size // people,
            **place,
        )

    def _aligned(self) -> AlignedFaces:
        return aligned_faces(
            self.manifest,
            self.alignment,
            self.face_size,
            cache=self.cache,
            detector=self.detector,
            num_workers=self.num_workers,
        )


class _Visits(Sampler[list[tuple[int, int]]]):
    """Batches of (epoch, manifest row), from wherever the training stands when they are asked for."""

    def __init__(self, batches: BatchSampler, rows: Tensor, done: Callable[[], int]) -> None:
        """Number the batches through.

        Args:
            batches: of positions in ``rows``.
            rows: manifest rows.
            done: tells the batches trained on so far, over all epochs.
        """
        self.batches, self.rows, self.done = batches, rows, done

    def __len__(self) -> int:
        return len(self.batches)

    def __iter__(self) -> Iterator[list[tuple[int, int]]]:
        epoch, batches_done = divmod(self.done(), len(self.batches))
        self.batches.set_position(epoch, batches_done)
        for batch in self.batches:
            yield [(epoch, row) for row in self.rows[batch].tolist()]
