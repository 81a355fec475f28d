"""The faces of an evaluation with their features: what every identification starts from."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from pytorch_lightning import Trainer, seed_everything
from torch import Tensor

from fdemd.attacks.adversary import Adversary
from fdemd.backbones import Backbone, create_backbone
from fdemd.cache.code import code_key
from fdemd.cache.location import cache_folder
from fdemd.cache.similarities import SimilarityStore
from fdemd.data.datamodule import FaceDataModule
from fdemd.data.sources import build_manifest
from fdemd.embedding.cohort import CohortFaces
from fdemd.embedding.copies import copy_sets, enrolled_copies, find_estimator
from fdemd.embedding.datasets import EmbeddedFaces
from fdemd.embedding.labels import labels_of
from fdemd.embedding.normalization import FittedNormalization, NormalizationDescription, describe_normalization
from fdemd.embedding.steps import embed_sets
from fdemd.embedding.trainer import single_device_trainer
from fdemd.features import Features
from fdemd.retrieval.copies import Copies
from fdemd.retrieval.protocol import Labels
from fdemd.retrieval.reranker import Reranker
from fdemd.retrieval.search import Adjustment
from fdemd.settings.jobs import Evaluate
from fdemd.settings.networks import Network
from fdemd.settings.queries import ADVERSARIAL, AdversarialQuery
from fdemd.visibility.estimator import VisibilityEstimator


@dataclass(frozen=True)
class EmbeddedData:
    """Queries and gallery of one manifest as one network sees them.

    Attributes:
        backbone: The network.
        faces: Queries and gallery.
        features: Kind of query -> features; ``clean`` is every face, gallery included.
        adversary: What made the adversarial queries; None without any.
        normalization: Score normalization; None without.
        copies: The gallery enrolled with copies; None without.
        compact: Whether patches are made compact before they are compared.
    """

    backbone: Backbone
    faces: FaceDataModule
    features: Mapping[str, EmbeddedFaces]
    adversary: Adversary | None = None
    normalization: FittedNormalization | None = None
    copies: Copies | None = None
    compact: bool = False

    def query(self, kind: str, rows: Tensor | None = None) -> tuple[Features, Labels]:
        """Return features and labels of queries of one kind.

        Args:
            kind: Kind of query.
            rows: Rows of the manifest among the ``query_rows`` of the faces; None takes all of them.
        """
        rows = self.faces.query_rows if rows is None else rows
        return self.features[kind].at(rows), self._labels(rows, kind)

    def gallery(self, rows: Tensor | None = None) -> tuple[Features, Labels]:
        """Return features and labels of the gallery.

        Args:
            rows: Rows of the manifest among the ``gallery_rows`` of the faces; None takes all of them.
        """
        rows = self.faces.gallery_rows if rows is None else rows
        return self.features["clean"].at(rows), self._labels(rows, "clean")

    def adjustment(self, query: Features, gallery: Features) -> Adjustment | None:
        """Return what normalizes the cosines of queries and gallery faces; None without score normalization.

        Args:
            query: Features of the queries.
            gallery: Features of the gallery.
        """
        if self.normalization is None:
            return None
        return self.normalization.normalizer.between(query.embedding, gallery.embedding)

    def missed(self, kind: str, rows: Tensor | None = None) -> Labels:
        """Return labels of the queries whose face was not found.

        Args:
            kind: Kind of query.
            rows: Rows of the manifest among the ``missed_rows`` of the faces; None takes all of them.
        """
        return self._labels(self.faces.missed_rows if rows is None else rows, kind)

    def similarity_store(
        self, cache: Path | None, kind: str, reranker: Reranker, *, rows: Tensor | None = None
    ) -> SimilarityStore | None:
        """Return what keeps the similarities of queries and gallery by a re-ranker.

        Args:
            cache: Folder of the cache; None keeps nothing.
            kind: Kind of query.
            reranker: Compares them.
            rows: As for :meth:`query`.

        Returns:
            The store; None without a cache, or if the features are not stored or the re-ranker is one of no name.
        """
        query, gallery, settings = self.features[kind], self.features["clean"], reranker.stored_as()
        if cache is None or not query.name or settings is None:
            return None
        rows = self.faces.query_rows if rows is None else rows
        digests = [hashlib.sha256(each.numpy().tobytes()).hexdigest() for each in (rows, self.faces.gallery_rows)]
        compared = {"query": query.name, "gallery": gallery.name, "rows": digests}
        if self.compact and reranker.compares_compact:
            compared["form"] = "compact"
        return SimilarityStore(cache, {**compared, **settings, **code_key(type(reranker))})

    def _labels(self, rows: Tensor, kind: str) -> Labels:
        return labels_of(self.faces.manifest, rows, occluded=kind != "clean")


@dataclass(frozen=True)
class DataDescription:
    """The faces of a run before any is read; every mistake in the settings is told by now.

    Attributes:
        settings: Settings of the run.
        backbone: The network.
        faces: Queries and gallery, not yet set up.
        adversary: What will make the adversarial queries; None without any.
        trainer: Trainer that runs the network.
        normalization: Score normalization; None without.
        estimator: Tells which queries are like the copies of the gallery; None without copies.
    """

    settings: Evaluate
    backbone: Backbone
    faces: FaceDataModule
    adversary: Adversary | None
    trainer: Trainer
    normalization: NormalizationDescription | None
    estimator: VisibilityEstimator | None = None

    def embed(self) -> EmbeddedData:
        """Align and embed the faces, as far as no earlier run has stored them.

        Raises:
            InputError: A file or the data cannot be used.
        """
        self.faces.setup("test")
        copies = copy_sets(self.faces, self.settings.copies, self.settings.seed)
        sets = self.faces.test_sets() | {f"{kind} copies": each for kind, each in copies.items()}
        embedded = embed_sets(self.settings, self.backbone, sets, self.trainer)
        rows = self.faces.gallery_rows
        of_copies = {kind: embedded.pop(f"{kind} copies").at(rows) for kind in copies}
        data = EmbeddedData(self.backbone, self.faces, embedded, self.adversary, compact=self.settings.features.compact)
        if self.estimator is not None:
            data = replace(data, copies=enrolled_copies(embedded["clean"].at(rows), of_copies, self.estimator))
        if self.normalization is None:
            return data
        return replace(data, normalization=self._fit(self.normalization, data))

    def _fit(self, described: NormalizationDescription, data: EmbeddedData) -> FittedNormalization:
        """Embed the cohort, or take it out of queries and gallery, and fit the normalization on it."""
        cohort = (
            self._take_out(described.cohort.drawn, data)
            if described.cohort.drawn
            else described.embed(self.backbone, self.trainer)
        )
        return described.fit(self.backbone, cohort, data.gallery()[0].embedding)

    def _take_out(self, people: frozenset[str], data: EmbeddedData) -> CohortFaces:
        """Faces of people of the gallery, who leave it."""
        photographs = self.faces.manifest.photographs
        rows = [row for row in self.faces.gallery_rows.tolist() if photographs[row].identity in people]
        embedding = data.features["clean"].at(torch.tensor(rows, dtype=torch.long)).embedding
        self.faces.leave_out(people)
        return CohortFaces(embedding, [photographs[row] for row in rows])


def build_network(settings: Network, seed: int) -> Backbone:
    """Build the network of a run, the same for the same seed even with random weights.

    Args:
        settings: The section ``model``.
        seed: Seed of the run.

    Raises:
        InputError: The network cannot be built.
    """
    seed_everything(seed, verbose=False)
    return create_backbone(**settings.plain())


def describe_data(settings: Evaluate, backbone: Backbone) -> DataDescription:
    """Describe the faces of a run.

    Args:
        settings: Settings of the run.
        backbone: Network that they name.

    Raises:
        InputError: The data are not there, or a setting is not for them.
    """
    trainer = single_device_trainer(settings.trainer)
    data, queries = settings.data, dict(settings.query)
    cache, adversary = cache_folder(data.cache), None
    attack = queries.pop(ADVERSARIAL, None)
    if isinstance(attack, AdversarialQuery):
        device = trainer.strategy.root_device
        adversary = Adversary(backbone, attack, seed=settings.seed, cache=cache, device=device)
    faces = FaceDataModule(
        build_manifest(data),
        queries,
        alignment=backbone.alignment,
        face_size=backbone.face_size,
        seed=settings.seed,
        detector=data.detector,
        batch_size=data.batch_size,
        num_workers=data.num_workers,
        cache=cache,
        precomputed={ADVERSARIAL: adversary} if adversary else None,
    )
    normalization = describe_normalization(settings, faces.manifest, gallery=True)
    estimator = find_estimator(settings, backbone)
    return DataDescription(settings, backbone, faces, adversary, trainer, normalization, estimator)
