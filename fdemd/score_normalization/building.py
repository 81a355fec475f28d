"""From a cohort of embeddings to what aligns cosines."""

from __future__ import annotations

from functools import partial

from fdemd.errors import InputError
from fdemd.score_normalization.aligner import Aligner, DiscrepancyAligner, NormAligner, SupportOf
from fdemd.score_normalization.cohort import Cohort
from fdemd.score_normalization.estimator import train_estimator
from fdemd.score_normalization.settings import LEARNED, SNORM, VIRTUAL, AlignSettings
from fdemd.score_normalization.snorm import Scale
from fdemd.score_normalization.support import support_of
from fdemd.score_normalization.virtual import check_generator, enlarged


def build_aligner(settings: AlignSettings, cohort: Cohort, seed: int) -> Aligner:
    """An aligner from embeddings alone.

    Args:
        settings: method, strength, support and rule; who becomes the cohort plays no part here.
        cohort: faces of two people or more, none of whom is in the test.
        seed: of virtual faces, and of the training of an estimator.

    Raises:
        InputError: s-norm, and no face of the cohort has two of others.
    """
    if settings.support == LEARNED:
        return DiscrepancyAligner(train_estimator(cohort, settings.rule, seed), settings.strength)
    support = _support_in(settings, cohort, seed)
    if settings.method == SNORM:
        if len(cohort) - int(cohort.person.unique(return_counts=True)[1].min()) < 2:
            raise InputError("align=snorm needs a cohort in which a face has two of other people; give more people.")
        own = cohort.own_support(settings.rule)
        scale = Scale(float(own.mean.double().mean()), float(own.deviation.double().mean()))
        return NormAligner(support, scale, settings.strength)
    return DiscrepancyAligner(lambda embeddings: support(embeddings).mean, settings.strength)


def _support_in(settings: AlignSettings, cohort: Cohort, seed: int) -> SupportOf:
    faces = cohort.embedding.float()
    if settings.support == VIRTUAL:
        faces = enlarged(faces, settings.virtual, check_generator(settings.generator), seed)
    return partial(support_of, cohort=faces, rule=settings.rule)
