"""How fast training faces, masked on the fly, come out of the data loader when nobody trains on them."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

from torch.utils.data import DataLoader

from fdemd.backbones import create_backbone
from fdemd.data.training import TrainingBatch, TrainingDataModule, TrainingFaces
from fdemd.data.workers import worker_init
from fdemd.jobs.finetune import training_data

_WARM_UP = 2


@dataclass(frozen=True)
class LoadingSpeed:
    """What was measured with one number of workers.

    Attributes:
        faces: pixels, ``HEIGHTxWIDTH``.
        mask_share: of the faces that get a mask.
        workers: processes that read and mask; with 0 the one that trains does.
        images_per_second: over the whole measurement.
    """

    faces: str
    mask_share: float
    workers: int
    images_per_second: float


def aligned_data(config: Mapping[str, Any]) -> TrainingDataModule:
    """The training faces of a config of ``train.py``, aligned.

    Raises:
        InputError: the data cannot be used.
    """
    data = training_data(config, create_backbone(**config["model"]))
    data.prepare_data()
    data.setup("fit")
    return data


def endless_loader(data: TrainingDataModule, workers: int) -> DataLoader[TrainingBatch]:
    """Batches of all faces in turn, visit after visit."""
    labels = {person: number for number, person in enumerate(data.people)}
    visits = ((visit, row) for visit in count() for row in data.rows.tolist())
    return DataLoader(
        TrainingFaces(data.faces, data.manifest, labels, data.change),
        sampler=visits,
        batch_size=data.batch_size,
        num_workers=workers,
        worker_init_fn=worker_init,
    )


def measure_loading(
    config: Mapping[str, Any], data: TrainingDataModule, workers: Sequence[int], *, seconds: float
) -> list[LoadingSpeed]:
    """Load faces for so many seconds with each number of workers."""
    return [
        LoadingSpeed(
            faces="x".join(map(str, data.face_size)),
            mask_share=config["data"]["mask_share"],
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
