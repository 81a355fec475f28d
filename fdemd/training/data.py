"""The faces of a training run: who is trained on, who is kept for validation, and how faces are put into batches."""

from __future__ import annotations

from typing import Any

from fdemd.backbones import Backbone
from fdemd.cache.location import cache_folder
from fdemd.data.augmentation import Augmentation
from fdemd.data.datamodule import FaceDataModule
from fdemd.data.people import split_people
from fdemd.data.sources import build_manifest
from fdemd.data.training import TrainingDataModule
from fdemd.errors import InputError
from fdemd.settings.jobs import Train
from fdemd.settings.training import Batches


def describe_training_data(settings: Train, backbone: Backbone) -> TrainingDataModule:
    """Describe the faces of a run, aligned as the network takes them; no photograph is read yet.

    Args:
        settings: Settings of the run.
        backbone: The network to train.

    Raises:
        InputError: the data cannot be used, or do not fit the loss or the batches.
    """
    batches, data = choose_order(settings), settings.data
    training, validation = split_people(build_manifest(data), settings.validation.people, settings.validation.seed)
    faces: dict[str, Any] = {
        "alignment": backbone.alignment,
        "face_size": backbone.face_size,
        "seed": settings.seed,
        "detector": data.detector,
        "batch_size": data.batch_size,
        "num_workers": data.num_workers,
        "cache": cache_folder(data.cache),
    }
    return TrainingDataModule(
        training,
        FaceDataModule(validation, settings.query, **faces) if validation else None,
        augmentation=Augmentation(
            backbone.face_size, settings.seed, mask_share=data.mask_share, section=settings.augment
        ),
        batches=batches,
        **faces,
    )


def choose_order(settings: Train) -> Batches:
    """Choose how faces are put into batches where ``batches.order`` is ``auto``: as the loss needs them.

    Args:
        settings: Settings of the run.

    Returns:
        The section ``batches`` with its order ``shuffled`` or ``balanced``.

    Raises:
        InputError: the loss compares faces of one person, and a batch would not have two of each.
    """
    batches, size, compares = settings.batches, settings.data.batch_size, settings.loss.compares_faces
    if batches.order == "auto":
        batches = batches.model_copy(update={"order": "balanced" if compares else "shuffled"})
    if compares and (batches.order != "balanced" or size < 2 * batches.people):
        raise InputError(
            "This loss compares faces of one person within a batch; use batches.order=balanced and a data.batch_size "
            f"of twice batches.people={batches.people} or more, not {batches.order} batches of {size}."
        )
    return batches
