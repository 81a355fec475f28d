"""From the section ``align`` to what normalizes cosines, fitted on a cohort."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pytorch_lightning import Trainer
from torch import Tensor

from fdemd.backbones import Backbone
from fdemd.data.apart import check_apart
from fdemd.data.manifest import Manifest, Photograph, check_identities
from fdemd.embedding.cohort import CohortDescription, CohortFaces, describe_cohort, tested_photographs
from fdemd.errors import InputError
from fdemd.files.user_paths import expand_home
from fdemd.files.writing import write_bytes
from fdemd.score_normalization.build import build_normalizer
from fdemd.score_normalization.cohort import Cohort
from fdemd.score_normalization.estimator import EstimatorError, estimator_error, train_estimator
from fdemd.score_normalization.estimator_file import EstimatorFile, read_estimator
from fdemd.score_normalization.normalizer import DiscrepancyNormalizer, Normalizer
from fdemd.score_normalization.support import support_of
from fdemd.settings.jobs import Evaluate
from fdemd.settings.normalization import LEARNED, NoNormalization, ScoreNormalization


@dataclass(frozen=True)
class FittedNormalization:
    """A normalizer of cosines and everything that decided it.

    Attributes:
        settings: Settings of the normalization.
        normalizer: What they and the cohort give.
        people: Number of people in the cohort; 0 if a stored estimator does without.
        photographs: Number of their photographs with a face.
        left_out: Files of a cohort of other people without a face: path, problem, reason.
        estimator: Estimator of learned support; None without.
        error: Error of the estimator on the people of the test; None without a cohort, which has the truth.
    """

    settings: ScoreNormalization
    normalizer: Normalizer
    people: int = 0
    photographs: int = 0
    left_out: tuple[tuple[str, str, str], ...] = ()
    estimator: EstimatorFile | None = None
    error: EstimatorError | None = None

    def write(self, folder: Path) -> None:
        """Write an estimator to ``estimator_SHA256.safetensors``, with the first 12 digits of it; nothing else.

        Args:
            folder: Folder of the run.
        """
        if self.estimator:
            name = f"estimator_{self.estimator.sha256[:12]}.safetensors"
            write_bytes(folder / name, self.estimator.content())


@dataclass(frozen=True)
class NormalizationDescription:
    """A score normalization before any face of its cohort is embedded; every mistake in its settings is told by now.

    Attributes:
        run: Settings of the run.
        settings: Settings of the normalization.
        cohort: Who is in the cohort.
        stored: Estimator that was trained before; None without.
    """

    run: Evaluate
    settings: ScoreNormalization
    cohort: CohortDescription
    stored: EstimatorFile | None = None

    def embed(self, backbone: Backbone, trainer: Trainer) -> CohortFaces | None:
        """Align and embed a cohort of other people; None without one, see :meth:`CohortDescription.embed`."""
        return self.cohort.embed(self.run, backbone, trainer)

    def fit(self, backbone: Backbone, faces: CohortFaces | None, unseen: Tensor) -> FittedNormalization:
        """Fit the normalizer.

        Args:
            backbone: The network.
            faces: Faces of the cohort; None only with a stored estimator.
            unseen: Embeddings ``(B, D)`` of people of the test, on whom the error of an estimator is measured.

        Raises:
            InputError: Fewer than two people of the cohort have a face, or the estimator is for another network.
        """
        settings = self.settings
        if self.stored and self.stored.backbone != backbone.fingerprint():
            raise InputError(f"{settings.estimator} was trained on embeddings of another network; train it anew.")
        if faces is None:
            if self.stored is None:
                raise ValueError("Without a cohort there must be a stored estimator.")
            normalizer: Normalizer = DiscrepancyNormalizer(self.stored.network, settings.strength)
            return FittedNormalization(settings, normalizer, estimator=self.stored)
        check_identities(faces.photographs, "The cohort, after leaving out what has no face,")
        cohort, estimator, error = faces.cohort, None, None
        if settings.support == LEARNED:
            estimator = self.stored or self._train(backbone, cohort, faces.photographs)
            truth = support_of(unseen, cohort.embedding, settings.support_rule).mean
            normalizer = DiscrepancyNormalizer(estimator.network, settings.strength)
            error = estimator_error(estimator.network, unseen, truth)
        else:
            normalizer = build_normalizer(settings, cohort, self.run.seed)
        return FittedNormalization(settings, normalizer, cohort.people, len(cohort), faces.left_out, estimator, error)

    def _train(self, backbone: Backbone, cohort: Cohort, photographs: Sequence[Photograph]) -> EstimatorFile:
        network = train_estimator(cohort, self.settings.support_rule, self.run.seed)
        names = frozenset(photograph.identity for photograph in photographs)
        return EstimatorFile(network, backbone.fingerprint(), names, frozenset(self.cohort.pictures))


def describe_normalization(run: Evaluate, tested: Manifest, *, gallery: bool) -> NormalizationDescription | None:
    """Describe the score normalization of a run; None for ``align=none``.

    Args:
        run: Settings of the run.
        tested: Photographs of the test.
        gallery: Whether people of the test can become the cohort, by leaving its gallery.

    Raises:
        InputError: The cohort or an estimator is not there, or somebody in it is in the test.
    """
    settings = run.align
    if isinstance(settings, NoNormalization):
        return None
    cohort = describe_cohort(settings, tested, run.seed, gallery=gallery)
    if settings.estimator is None:
        return NormalizationDescription(run, settings, cohort)
    stored = read_estimator(expand_home(settings.estimator))
    others = [each for each in tested_photographs(tested) if each.identity not in cohort.drawn]
    trained_on = dict.fromkeys(stored.pictures, "a photograph")
    check_apart(f"The cohort of {settings.estimator}", stored.people, trained_on, tested, others)
    return NormalizationDescription(run, settings, cohort, stored)
