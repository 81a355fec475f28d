"""From the section ``align`` of a configuration to an aligner: who is in the cohort, its faces, what it gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from pytorch_lightning import Trainer
from torch import Tensor

from fdemd.backbones import Backbone
from fdemd.cache.features import FeatureStore
from fdemd.cache.location import cache_folder
from fdemd.data.aligned import aligned_faces
from fdemd.data.apart import check_apart, people_drawn, pictures_of
from fdemd.data.datamodule import FaceDataset
from fdemd.data.left_out import left_out_files
from fdemd.data.manifest import Manifest, Photograph, check_identities
from fdemd.data.sources import listed_manifest
from fdemd.embedding.embed import check_dtype, embed
from fdemd.errors import InputError
from fdemd.faces.queries import QueryMaker
from fdemd.files.writing import write_bytes
from fdemd.score_normalization.aligner import Aligner, DiscrepancyAligner
from fdemd.score_normalization.building import build_aligner
from fdemd.score_normalization.cohort import Cohort
from fdemd.score_normalization.estimator import EstimatorError, estimator_error, train_estimator
from fdemd.score_normalization.estimator_file import EstimatorFile, read_estimator
from fdemd.score_normalization.settings import LEARNED, AlignSettings, align_settings
from fdemd.score_normalization.support import support_of


@dataclass(frozen=True)
class CohortFaces:
    """The embedded faces of a cohort.

    Attributes:
        embedding: ``(Z, D)``.
        photographs: of the ``Z`` faces, in their order.
        left_out: files without a face: path, problem, reason.
    """

    embedding: Tensor
    photographs: Sequence[Photograph]
    left_out: tuple[tuple[str, str, str], ...] = ()

    @property
    def cohort(self) -> Cohort:
        """The faces with their people as numbers."""
        names = {name: number for number, name in enumerate(sorted({each.identity for each in self.photographs}))}
        return Cohort(self.embedding.clone(), torch.tensor([names[each.identity] for each in self.photographs]))


@dataclass(frozen=True)
class ScoreAlignment:
    """An aligner and everything that decided it.

    Attributes:
        settings: of the alignment.
        aligner: that they and the cohort give.
        people: in the cohort; 0 if a stored estimator does without.
        photographs: of theirs with a face.
        left_out: files of a cohort of its own without a face: path, problem, reason.
        estimator: of learned support, None without.
        error: of the estimator on the people of the test; None without a cohort, which has the truth.
    """

    settings: AlignSettings
    aligner: Aligner
    people: int
    photographs: int
    left_out: tuple[tuple[str, str, str], ...]
    estimator: EstimatorFile | None
    error: EstimatorError | None

    def write(self, folder: Path) -> None:
        """Write an estimator to ``estimator_SHA256.safetensors``, with the first 12 digits of it; nothing else."""
        if self.estimator:
            name = f"estimator_{self.estimator.sha256[:12]}.safetensors"
            write_bytes(folder / name, self.estimator.content())


@dataclass(frozen=True)
class DescribedAlignment:
    """An alignment before any face of its cohort is embedded; its mistakes are told by now.

    Attributes:
        config: of the run.
        settings: of the alignment.
        drawn: names of people of the data who become the cohort; they must leave queries and gallery.
        manifest: of a cohort of its own, None without.
        pictures: sha256 of the cohort's photographs -> path.
        stored: an estimator that was trained before, None without.
    """

    config: Mapping[str, Any]
    settings: AlignSettings
    drawn: frozenset[str] = frozenset()
    manifest: Manifest | None = None
    pictures: Mapping[str, str] = field(default_factory=dict)
    stored: EstimatorFile | None = None

    def embed(self, backbone: Backbone, trainer: Trainer) -> CohortFaces | None:
        """Align and embed a cohort of its own, as far as no earlier run has stored it; None without one.

        Raises:
            InputError: a file or the data cannot be used.
        """
        if self.manifest is None:
            return None
        manifest, wanted = self.manifest, self.config["features"]
        data = self.config["data"]
        cache, num_workers = cache_folder(data["cache"]), data["num_workers"]
        faces = aligned_faces(
            manifest,
            backbone.alignment,
            backbone.face_size,
            cache=cache,
            detector=data["detector"],
            num_workers=num_workers,
        )
        without = {entry.row for entry in faces.left_out}
        rows = torch.tensor([row for row in range(len(manifest)) if row not in without])
        unchanged = QueryMaker("clean", backbone.face_size, self.config["seed"])
        features = embed(
            backbone,
            {"cohort": FaceDataset(faces, manifest, rows, unchanged)},
            trainer,
            batch_size=data["batch_size"],
            num_workers=num_workers,
            dtype=check_dtype(wanted["dtype"]),
            store=FeatureStore(cache, self.config["model"]) if wanted["store"] else None,
        )["cohort"].features
        photographs = [manifest.photographs[row] for row in rows.tolist()]
        return CohortFaces(features.embedding, photographs, tuple(left_out_files(manifest, faces)))

    def build(self, backbone: Backbone, faces: CohortFaces | None, unseen: Tensor) -> ScoreAlignment:
        """The aligner.

        Args:
            backbone: the network.
            faces: the cohort's; None only with a stored estimator.
            unseen: embeddings ``(B, D)`` of people of the test, on whom an estimator is judged.

        Raises:
            InputError: fewer than two people of the cohort have a face, or the estimator is for another network.
        """
        settings = self.settings
        if self.stored and self.stored.backbone != backbone.fingerprint():
            raise InputError(f"{settings.estimator} was trained on embeddings of another network; train it anew.")
        if faces is None:
            if self.stored is None:
                raise ValueError("Without a cohort there must be a stored estimator.")
            aligner: Aligner = DiscrepancyAligner(self.stored.network, settings.strength)
            return ScoreAlignment(settings, aligner, 0, 0, (), self.stored, None)
        check_identities(faces.photographs, "The cohort, after leaving out what has no face,")
        cohort, estimator, error = faces.cohort, None, None
        if settings.support == LEARNED:
            estimator = self.stored or self._trained(backbone, cohort, faces.photographs)
            truth = support_of(unseen, cohort.embedding, settings.rule).mean
            aligner = DiscrepancyAligner(estimator.network, settings.strength)
            error = estimator_error(estimator.network, unseen, truth)
        else:
            aligner = build_aligner(settings, cohort, self.config["seed"])
        return ScoreAlignment(settings, aligner, cohort.people, len(cohort), faces.left_out, estimator, error)

    def _trained(self, backbone: Backbone, cohort: Cohort, photographs: Sequence[Photograph]) -> EstimatorFile:
        network = train_estimator(cohort, self.settings.rule, self.config["seed"])
        names = frozenset(photograph.identity for photograph in photographs)
        return EstimatorFile(network, backbone.fingerprint(), names, frozenset(self.pictures))


def describe_alignment(config: Mapping[str, Any], tested: Manifest, *, gallery: bool) -> DescribedAlignment | None:
    """Describe the alignment of a configuration; None for ``align=none``.

    Args:
        config: of the run.
        tested: photographs of the test.
        gallery: whether people of it can become the cohort, by leaving its gallery.

    Raises:
        InputError: a setting is wrong, the cohort is not there, or somebody in it is in the test.
    """
    if (settings := align_settings(config["align"])) is None:
        return None
    described = DescribedAlignment(config, settings)
    tested_photographs = [each for each in tested.photographs if each.is_query or each.is_gallery]
    if settings.manifest is not None:
        manifest = listed_manifest(str(settings.manifest), None if settings.root is None else str(settings.root))
        described = replace(described, manifest=manifest, pictures=pictures_of(manifest, manifest.photographs))
        names = {photograph.identity for photograph in manifest.photographs}
        check_apart(f"The cohort {settings.manifest}", names, described.pictures, tested, tested_photographs, manifest)
    elif gallery and settings.people:
        drawn = people_drawn(tested, settings.people, config["seed"])
        chosen = [each for each in tested_photographs if each.identity in drawn]
        tested_photographs = [each for each in tested_photographs if each.identity not in drawn]
        described = replace(described, drawn=drawn, pictures=pictures_of(tested, chosen))
        own = replace(tested, photographs=tuple(chosen))
        check_apart("The cohort of align.people", drawn, described.pictures, tested, tested_photographs, own)
    elif settings.estimator is None:
        raise InputError("A list of pairs has no gallery that people could leave; give align.manifest=FILE.csv.")
    if settings.estimator is not None:
        stored = read_estimator(settings.estimator)
        described = replace(described, stored=stored)
        trained_on = dict.fromkeys(stored.pictures, "a photograph")
        check_apart(f"The cohort of {settings.estimator}", stored.people, trained_on, tested, tested_photographs)
    return described
