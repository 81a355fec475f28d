"""The two steps from photographs to features, aligning and embedding, as the settings of an evaluation say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pytorch_lightning import Trainer

from fdemd.backbones import Backbone
from fdemd.cache.features import FeatureStore
from fdemd.cache.location import cache_folder
from fdemd.data.aligned import AlignedFaces, aligned_faces
from fdemd.data.dataset import FaceDataset
from fdemd.data.manifest import Manifest
from fdemd.embedding.batch import DTYPES
from fdemd.embedding.datasets import EmbeddedFaces, embed_datasets
from fdemd.settings.faces import Loading
from fdemd.settings.jobs import Evaluate


def align_photographs(manifest: Manifest, backbone: Backbone, data: Loading) -> AlignedFaces:
    """Align photographs for a network, as far as no earlier run has stored the faces.

    Args:
        manifest: The photographs.
        backbone: The network.
        data: The section ``data``: detector, processes and cache.

    Raises:
        InputError: No photograph gives a face, or the cache cannot be used.
    """
    return aligned_faces(
        manifest,
        backbone.alignment,
        backbone.face_size,
        cache=cache_folder(data.cache),
        detector=data.detector,
        num_workers=data.num_workers,
    )


def embed_sets(
    settings: Evaluate,
    backbone: Backbone,
    faces: Mapping[str, FaceDataset],
    trainer: Trainer,
    variant: Mapping[str, Any] | None = None,
) -> dict[str, EmbeddedFaces]:
    """Embed every face of some data sets, as far as no earlier run has stored the features.

    Args:
        settings: Settings of the run: batches, precision of the patches, store.
        backbone: The network that they describe.
        faces: Kind of query -> its faces.
        trainer: Trainer that runs the network.
        variant: What is done to the network beside its settings, as plain values; it tells the stored features apart.

    Raises:
        InputError: As :func:`fdemd.embedding.datasets.embed_datasets`.
    """
    network = settings.model.plain() | dict(variant or {})
    return embed_datasets(
        backbone,
        faces,
        trainer,
        batch_size=settings.data.batch_size,
        num_workers=settings.data.num_workers,
        dtype=DTYPES[settings.features.dtype],
        store=FeatureStore(cache_folder(settings.data.cache), network) if settings.features.store else None,
    )
