"""The faces of a configuration with their features: what every identification starts from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch
from pytorch_lightning import Trainer, seed_everything
from torch import Tensor

from fdemd.attacks.adversary import ADVERSARIAL, Adversary
from fdemd.backbones import Backbone, build_backbone
from fdemd.cache.features import FeatureStore
from fdemd.data.datamodule import FaceDataModule
from fdemd.data.settings import data_settings
from fdemd.data.sources import build_manifest
from fdemd.embedding.embed import EmbeddedFaces, check_dtype, embed
from fdemd.embedding.labels import labels_of
from fdemd.embedding.normalization import CohortFaces, DescribedAlignment, ScoreAlignment, describe_alignment
from fdemd.errors import InputError
from fdemd.features import Features
from fdemd.retrieval.protocol import Labels
from fdemd.retrieval.search import Adjustment
from fdemd.runs.embedding_progress import EmbeddingProgress
from fdemd.runs.trainer import create_trainer


@dataclass(frozen=True)
class EmbeddedData:
    """Queries and gallery of one manifest as one network sees them.

    Attributes:
        backbone: the network.
        faces: queries and gallery.
        features: kind of query -> features; ``clean`` is every face, gallery included.
        adversary: what made the adversarial queries, None without any.
        alignment: of the cosines, None without.
    """

    backbone: Backbone
    faces: FaceDataModule
    features: Mapping[str, EmbeddedFaces]
    adversary: Adversary | None = None
    alignment: ScoreAlignment | None = None

    def query(self, kind: str, rows: Tensor | None = None) -> tuple[Features, Labels]:
        """Features and labels of one kind of query, of all ``query_rows`` or of some manifest rows among them."""
        rows = self.faces.query_rows if rows is None else rows
        return self.features[kind].at(rows), self._labels(rows, kind)

    def gallery(self, rows: Tensor | None = None) -> tuple[Features, Labels]:
        """Features and labels of the gallery, of all ``gallery_rows`` or of some manifest rows among them."""
        rows = self.faces.gallery_rows if rows is None else rows
        return self.features["clean"].at(rows), self._labels(rows, "clean")

    def adjustment(self, query: Features, gallery: Features) -> Adjustment | None:
        """What aligns the cosines of these queries and gallery faces; None without alignment."""
        return self.alignment.aligner.between(query.embedding, gallery.embedding) if self.alignment else None

    def missed(self, kind: str, rows: Tensor | None = None) -> Labels:
        """Labels of the queries whose face was not found, of all ``missed_rows`` or of some of these rows."""
        return self._labels(self.faces.missed_rows if rows is None else rows, kind)

    def _labels(self, rows: Tensor, kind: str) -> Labels:
        return labels_of(self.faces.manifest, rows, occluded=kind != "clean")


def build_network(config: Mapping[str, Any]) -> Backbone:
    """The network of a configuration, the same for the same seed even with random weights.

    Raises:
        InputError: a seed out of range, or a network that cannot be built.
    """
    if not 0 <= config["seed"] < 2**32:
        raise InputError(f"seed is {config['seed']}; it must lie between 0 and 4294967295.")
    seed_everything(config["seed"], verbose=False)
    return build_backbone(**config["model"])


@dataclass(frozen=True)
class DescribedData:
    """The faces of a configuration before any is read; its mistakes are told by now.

    Attributes:
        config: that describes them.
        backbone: the network.
        faces: queries and gallery, not yet set up.
        adversary: what will make the adversarial queries, None without any.
        trainer: runs the network.
        alignment: of the cosines, None without.
    """

    config: Mapping[str, Any]
    backbone: Backbone
    faces: FaceDataModule
    adversary: Adversary | None
    trainer: Trainer
    alignment: DescribedAlignment | None

    def embed(self) -> EmbeddedData:
        """Align and embed the faces, as far as no earlier run has stored them.

        Raises:
            InputError: a file or the data cannot be used.
        """
        faces, wanted = self.faces, self.config["features"]
        faces.setup("test")
        features = embed(
            self.backbone,
            faces.test_sets(),
            self.trainer,
            batch_size=faces.batch_size,
            num_workers=faces.num_workers,
            dtype=check_dtype(wanted["dtype"]),
            store=FeatureStore(faces.cache, self.config["model"]) if wanted["store"] else None,
        )
        data = EmbeddedData(self.backbone, faces, features, self.adversary)
        return replace(data, alignment=self._aligned(data, self.alignment)) if self.alignment else data

    def _aligned(self, data: EmbeddedData, described: DescribedAlignment) -> ScoreAlignment:
        """Embed the cohort, or take it out of queries and gallery."""
        faces = self.faces
        if described.drawn:
            photographs, rows = faces.manifest.photographs, faces.gallery_rows.tolist()
            rows = [row for row in rows if photographs[row].identity in described.drawn]
            embedding = data.features["clean"].at(torch.tensor(rows, dtype=torch.long)).embedding
            cohort: CohortFaces | None = CohortFaces(embedding, [photographs[row] for row in rows])
            faces.leave_out(described.drawn)
        else:
            cohort = described.embed(self.backbone, self.trainer)
        return described.build(self.backbone, cohort, data.gallery()[0].embedding)


def describe_data(config: Mapping[str, Any], backbone: Backbone) -> DescribedData:
    """Describe the faces of a configuration.

    Raises:
        InputError: a setting is wrong, or the data are not there.
    """
    check_dtype(config["features"]["dtype"])
    trainer = single_device_trainer(config["trainer"])
    settings, adversarial = data_settings(config["data"]), config["query"].get(ADVERSARIAL)
    adversary = None
    if adversarial is not None:
        cache, device = settings.loading["cache"], trainer.strategy.root_device
        adversary = Adversary(backbone, adversarial, seed=config["seed"], cache=cache, device=device)
    faces = FaceDataModule(
        build_manifest(**settings.source),
        {kind: how for kind, how in config["query"].items() if kind != ADVERSARIAL},
        alignment=backbone.alignment,
        face_size=backbone.face_size,
        seed=config["seed"],
        made_ahead={ADVERSARIAL: adversary} if adversary else {},
        **settings.loading,
    )
    alignment = describe_alignment(config, faces.manifest, gallery=True)
    return DescribedData(config, backbone, faces, adversary, trainer, alignment)


def single_device_trainer(settings: Mapping[str, Any]) -> Trainer:
    """A trainer in one process: ranking needs every feature in one place, and nothing may be embedded twice.

    Raises:
        InputError: this machine has no such device, or Lightning no such precision.
    """
    callbacks = [EmbeddingProgress()] if settings.get("enable_progress_bar", True) else []
    return create_trainer(**settings, devices=1, logger=False, callbacks=callbacks)
