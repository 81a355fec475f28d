"""How fast training faces, masked on the fly, come out of the data loader when nobody trains on them."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count

from torch.utils.data import DataLoader

from fdemd.backbones import create_backbone
from fdemd.data.training import TrainingDataModule
from fdemd.data.training_dataset import TrainingBatch, TrainingDataset
from fdemd.data.workers import worker_init
from fdemd.settings.jobs import Train
from fdemd.training.data import describe_training_data

_WARM_UP = 2


@dataclass(frozen=True)
class LoadingSpeed:
    """Speed of the data loader with one number of workers.

    Attributes:
        faces: Size of the faces in pixels, ``HEIGHTxWIDTH``.
        mask_share: Share of the faces that get a mask, 0 to 1.
        workers: Processes that read and mask; with 0 the one that trains does.
        images_per_second: Mean over the whole measurement.
    """

    faces: str
    mask_share: float
    workers: int
    images_per_second: float


def align_training_data(settings: Train) -> TrainingDataModule:
    """Align the training faces of a run.

    Raises:
        InputError: the data cannot be used.
    """
    data = describe_training_data(settings, create_backbone(**settings.model.plain()))
    data.prepare_data()
    data.setup("fit")
    return data


def endless_loader(data: TrainingDataModule, workers: int) -> DataLoader[TrainingBatch]:
    """Load batches of all faces in turn, visit after visit."""
    labels = {person: number for number, person in enumerate(data.people)}
    visits = ((visit, row) for visit in count() for row in data.rows.tolist())
    return DataLoader(
        TrainingDataset(data.faces, data.manifest, labels, data.augmentation),
        sampler=visits,
        batch_size=data.batch_size,
        num_workers=workers,
        worker_init_fn=worker_init,
    )


def measure_loading(
    settings: Train, data: TrainingDataModule, workers: Sequence[int], *, seconds: float
) -> list[LoadingSpeed]:
    """Load faces for so many seconds with each number of workers."""
    return [
        LoadingSpeed(
            faces="x".join(map(str, data.face_size)),
            mask_share=settings.data.mask_share,
            workers=number,
            images_per_second=_images_per_second(endless_loader(data, number), seconds),
        )
        for number in workers
    ]


def _images_per_second(loader: DataLoader[TrainingBatch], seconds: float) -> float:
    batches = iter(loader)
    for _ in range(_WARM_UP):
        next(batches)
    images, started, passed = 0, time.perf_counter(), 0.0
    while not images or passed < seconds:
        images += len(next(batches)["row"])
        passed = time.perf_counter() - started
    return images / passed
