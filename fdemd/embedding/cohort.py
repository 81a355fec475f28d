"""The cohort of a score normalization: who is in it, that nobody of them is in the test, and its embedded faces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import torch
from pytorch_lightning import Trainer
from torch import Tensor

from fdemd.backbones import Backbone
from fdemd.data.apart import check_apart, draw_people, pictures_of
from fdemd.data.dataset import FaceDataset
from fdemd.data.left_out import left_out_files
from fdemd.data.manifest import Manifest, Photograph
from fdemd.data.sources import listed_manifest
from fdemd.embedding.steps import align_photographs, embed_sets
from fdemd.errors import InputError
from fdemd.faces.queries import QueryMaker
from fdemd.score_normalization.cohort import Cohort
from fdemd.settings.jobs import Evaluate
from fdemd.settings.normalization import ScoreNormalization


@dataclass(frozen=True)
class CohortFaces:
    """The embedded faces of a cohort.

    Attributes:
        embedding: Embeddings ``(Z, D)``.
        photographs: Photographs of the ``Z`` faces, in their order.
        left_out: Files without a face: path, problem, reason.
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
class CohortDescription:
    """Who is in a cohort, before any of their faces is embedded.

    Attributes:
        drawn: Names of people of the data who become the cohort; they must leave queries and gallery.
        manifest: Photographs of a cohort of other people; None without one.
        pictures: Sha256 of the cohort's photographs -> path.
    """

    drawn: frozenset[str] = frozenset()
    manifest: Manifest | None = None
    pictures: Mapping[str, str] = field(default_factory=dict)

    def embed(self, settings: Evaluate, backbone: Backbone, trainer: Trainer) -> CohortFaces | None:
        """Align and embed a cohort of other people, as far as no earlier run has stored it; None without one.

        Args:
            settings: Settings of the run.
            backbone: The network.
            trainer: Trainer that runs the network.

        Raises:
            InputError: A file or the data cannot be used.
        """
        if self.manifest is None:
            return None
        faces = align_photographs(self.manifest, backbone, settings.data)
        without_face = {entry.row for entry in faces.left_out}
        rows = torch.tensor([row for row in range(len(self.manifest)) if row not in without_face])
        clean = QueryMaker("clean", backbone.face_size, settings.seed)
        cohort = {"cohort": FaceDataset(faces, self.manifest, rows, clean)}
        features = embed_sets(settings, backbone, cohort, trainer)["cohort"].features
        photographs = [self.manifest.photographs[row] for row in rows.tolist()]
        return CohortFaces(features.embedding, photographs, tuple(left_out_files(self.manifest, faces)))


def describe_cohort(settings: ScoreNormalization, tested: Manifest, seed: int, *, gallery: bool) -> CohortDescription:
    """Find out who is in the cohort.

    Args:
        settings: The section ``align``.
        tested: Photographs of the test.
        seed: Seed of the draw of people.
        gallery: Whether people of the test can become the cohort, by leaving its gallery.

    Returns:
        The cohort; nobody is in it where only a stored estimator is given.

    Raises:
        InputError: The cohort is not there, or somebody in it is in the test.
    """
    photographs = tested_photographs(tested)
    if settings.manifest is not None:
        manifest = listed_manifest(settings.manifest, settings.root)
        people, pictures = {each.identity for each in manifest.photographs}, pictures_of(manifest, manifest.photographs)
        check_apart(f"The cohort {settings.manifest}", people, pictures, tested, photographs, manifest)
        return CohortDescription(manifest=manifest, pictures=pictures)
    if gallery and settings.people:
        drawn = draw_people(tested, settings.people, seed)
        chosen = [each for each in photographs if each.identity in drawn]
        others = [each for each in photographs if each.identity not in drawn]
        pictures = pictures_of(tested, chosen)
        own = Manifest(tested.root, tuple(chosen))
        check_apart("The cohort of align.people", drawn, pictures, tested, others, own)
        return CohortDescription(drawn=drawn, pictures=pictures)
    if settings.estimator is None:
        raise InputError("A list of pairs has no gallery that people could leave; give align.manifest=FILE.csv.")
    return CohortDescription()


def tested_photographs(tested: Manifest) -> list[Photograph]:
    """Return the photographs of a manifest that are queries or gallery."""
    return [each for each in tested.photographs if each.is_query or each.is_gallery]
