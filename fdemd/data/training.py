"""The faces that a network is trained on, in an order that does not depend on how often it was interrupted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from pytorch_lightning import LightningDataModule
from torch import Tensor
from torch.utils.data import DataLoader

from fdemd.data.aligned import AlignedFaces, aligned_faces, faces_digest
from fdemd.data.augmentation import Augmentation
from fdemd.data.batch import FaceBatch, as_numbers
from fdemd.data.datamodule import FaceDataModule
from fdemd.data.dataset import FaceDataset
from fdemd.data.loading import face_loader, workers_that_fit
from fdemd.data.manifest import Manifest, check_identities
from fdemd.data.samplers import BalancedSampler, BatchSampler, ShuffledSampler
from fdemd.data.training_dataset import TrainingBatch, TrainingDataset, VisitSampler
from fdemd.data.workers import worker_init
from fdemd.errors import InputError
from fdemd.faces.queries import QueryMaker
from fdemd.settings.training import Batches


class TrainingDataModule(LightningDataModule):
    """Aligned faces of one manifest in an endless, seeded order of epochs, and other people to validate on.

    Attributes:
        people: Identities in the order of their labels.
        validation: Faces of the people kept for validation; None without.
        faces: The aligned faces, after :meth:`setup`.
        rows: Manifest rows that have an aligned face, after :meth:`setup`.
    """

    faces: AlignedFaces
    rows: Tensor

    def __init__(
        self,
        manifest: Manifest,
        validation: FaceDataModule | None,
        *,
        augmentation: Augmentation,
        batches: Batches,
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
            manifest: Photographs to train on.
            validation: Other people to validate on; None trains without validation.
            augmentation: What happens to each face.
            batches: Section ``batches`` of the settings, its order ``shuffled`` or ``balanced``.
            alignment: Face alignment that the network takes, a name in :data:`fdemd.faces.alignment.TEMPLATES`.
            face_size: ``(height, width)`` of the faces that the network takes.
            seed: Seed of the order.
            detector: Face detector, a name in :data:`fdemd.faces.landmarks.DETECTORS`.
            batch_size: Faces a step, over all processes together.
            num_workers: Processes that read and augment, for each process that trains.
            cache: Folder that keeps aligned faces.

        Raises:
            InputError: the people of a balanced batch cannot have equally many photographs in it.
        """
        super().__init__()
        if batches.order == "balanced" and batch_size % batches.people:
            raise InputError(
                f"data.batch_size is {batch_size}; it must be a multiple of batches.people={batches.people}."
            )
        self.manifest, self.validation, self.augmentation, self.batches = manifest, validation, augmentation, batches
        self.people = tuple(sorted({photograph.identity for photograph in manifest.photographs}))
        self._labels = {person: number for number, person in enumerate(self.people)}
        self._found: AlignedFaces | None = None
        self.alignment, self.face_size, self.detector, self.cache = alignment, face_size, detector, cache
        self.seed, self.batch_size, self.num_workers = seed, batch_size, num_workers

    def prepare_data(self) -> None:
        """Align what is not aligned yet, in one process."""
        self._aligned()
        if self.validation:
            self.validation.setup("validate")

    def setup(self, stage: str) -> None:
        """Find the photographs that can be used.

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
        if self.validation:
            self.validation.setup(stage)

    def digest(self) -> str:
        """Return the sha256 that the aligned faces will have."""
        return faces_digest(self.manifest, self.alignment, self.face_size, self.detector)

    @property
    def batches_an_epoch(self) -> int:
        """Number of batches in an epoch, which see every face once but for what is left over."""
        return max(1, len(self.rows) // self.batch_size)

    def train_dataloader(self) -> DataLoader[TrainingBatch]:
        """Return the batches from where the trainer stands, one epoch an iteration."""
        assert self.trainer is not None
        progress = self.trainer.fit_loop.epoch_loop.batch_progress
        here = self.trainer.num_devices  # processes that share this machine's memory
        faces = here * (
            self.batch_size // self.trainer.world_size + (self.validation.batch_size if self.validation else 0)
        )
        workers = workers_that_fit(self.num_workers, faces, self.face_size)
        return DataLoader(
            TrainingDataset(self.faces, self.manifest, self._labels, self.augmentation),
            batch_sampler=VisitSampler(self._sampler(), self.rows, lambda: progress.total.ready),
            num_workers=workers,
            worker_init_fn=worker_init,
            persistent_workers=workers > 0,
            pin_memory=self.trainer.strategy.root_device.type == "cuda",
        )

    def photographed_loader(self) -> DataLoader[FaceBatch]:
        """Return every training face once, as it was photographed, in the order of ``rows``."""
        whole = FaceDataset(self.faces, self.manifest, self.rows, QueryMaker("clean", self.face_size, self.seed))
        return face_loader(whole, self.batch_size, self.num_workers)

    def labels_of(self, rows: Tensor) -> Tensor:
        """Return the labels ``(B,)`` of the people on manifest rows ``(B,)``."""
        return torch.tensor([self._labels[self.manifest.photographs[row].identity] for row in rows.tolist()])

    def val_dataloader(self) -> list[DataLoader[FaceBatch]]:
        """Return this process's share of the faces to validate with, one loader for each kind of query."""
        assert self.trainer is not None
        assert self.validation is not None
        rank, processes = self.trainer.global_rank, self.trainer.world_size
        return [
            face_loader(
                FaceDataset(whole.faces, whole.manifest, _share(whole.rows, rank, processes), whole.maker),
                self.validation.batch_size,
                self.validation.num_workers,
                others=self.batch_size,  # of the training, which waits with its own
            )
            for whole in self.validation.test_sets().values()
        ]

    def on_before_batch_transfer(self, batch: Any, dataloader_idx: int) -> Any:
        """Turn the bytes of faces to validate with into numbers on the CPU, as where ``evaluate.py`` embeds them."""
        if "label" not in batch:
            batch["face"] = as_numbers(batch["face"])
        return batch

    def on_after_batch_transfer(self, batch: TrainingBatch, dataloader_idx: int) -> TrainingBatch:
        """Turn the bytes of faces to train on into numbers on the device: they cross to it in a quarter of the time."""
        batch["face"] = as_numbers(batch["face"])
        return batch

    def paths(self, rows: Tensor) -> list[str]:
        """Return the paths of the photographs on manifest rows, for messages."""
        return [self.manifest.photographs[row].path for row in rows.tolist()]

    def _sampler(self) -> BatchSampler:
        assert self.trainer is not None
        place = {"seed": self.seed, "rank": self.trainer.global_rank, "world_size": self.trainer.world_size}
        if self.batches.order == "shuffled":
            return ShuffledSampler(len(self.rows), self.batch_size, block=self.batches.block, **place)
        people = self.batches.people
        return BalancedSampler(
            self.labels_of(self.rows).numpy(),
            people=people,
            photographs=self.batch_size // people,
            **place,
        )

    def _aligned(self) -> AlignedFaces:
        """Align the faces, or check that those of the cache are of these files: once, as it reads all of both."""
        if self._found is None:
            self._found = aligned_faces(
                self.manifest,
                self.alignment,
                self.face_size,
                cache=self.cache,
                detector=self.detector,
                num_workers=self.num_workers,
            )
        return self._found


def _share(rows: Tensor, rank: int, processes: int) -> Tensor:
    """Return the manifest rows that a process embeds: one at least, since torchmetrics joins no empty shares.

    A row that two processes embed is counted once.
    """
    share = rows[rank::processes]
    return share if len(share) else rows[:1]
