"""From a cohort of embeddings to what normalizes cosines."""

from __future__ import annotations

from functools import partial

from fdemd.errors import InputError
from fdemd.score_normalization.cohort import Cohort
from fdemd.score_normalization.estimator import train_estimator
from fdemd.score_normalization.normalizer import DiscrepancyNormalizer, Normalizer, SupportOf, SymmetricNormalizer
from fdemd.score_normalization.snorm import Scale
from fdemd.score_normalization.support import support_of
from fdemd.score_normalization.virtual import GENERATORS, enlarge
from fdemd.settings.normalization import LEARNED, SNORM, VIRTUAL, ScoreNormalization


def build_normalizer(settings: ScoreNormalization, cohort: Cohort, seed: int) -> Normalizer:
    """Build a normalizer from embeddings alone.

    Args:
        settings: Method, strength, support and rule; the settings of who becomes the cohort play no part here.
        cohort: Faces of two people or more, none of whom is in the test.
        seed: Seed of the virtual faces and of the training of an estimator.

    Raises:
        InputError: The method is s-norm, and no face of the cohort has two of other people.

    Example:
        >>> import torch
        >>> cohort = Cohort(torch.eye(4), torch.tensor([0, 0, 1, 1]))
        >>> normalizer = build_normalizer(ScoreNormalization(size=2), cohort, seed=0)
        >>> normalizer.normalize_pairs(torch.tensor([0.9]), torch.ones(1, 4), torch.eye(4)[:1])
        tensor([0.6500])
    """
    if settings.support == LEARNED:
        return DiscrepancyNormalizer(train_estimator(cohort, settings.support_rule, seed), settings.strength)
    support = _support_in(settings, cohort, seed)
    if settings.method == SNORM:
        if len(cohort) - int(cohort.person.unique(return_counts=True)[1].min()) < 2:
            raise InputError("align=snorm needs a cohort in which a face has two of other people; give more people.")
        own = cohort.own_support(settings.support_rule)
        scale = Scale(float(own.mean.double().mean()), float(own.deviation.double().mean()))
        return SymmetricNormalizer(support, scale, settings.strength)
    return DiscrepancyNormalizer(lambda embeddings: support(embeddings).mean, settings.strength)


def _support_in(settings: ScoreNormalization, cohort: Cohort, seed: int) -> SupportOf:
    faces = cohort.embedding.float()
    if settings.support == VIRTUAL:
        faces = enlarge(faces, settings.virtual, GENERATORS[settings.generator], seed)
    return partial(support_of, cohort=faces, rule=settings.support_rule)
