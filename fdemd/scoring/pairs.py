"""Scores of pairs of faces and their accuracy in verification."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from fdemd.data.pairs import Pairs
from fdemd.emd import emd_similarity, stopping_rule
from fdemd.features import Features
from fdemd.metrics.verification import FoldAccuracy, TarAtFar, fold_accuracy, roc_curve, tar_at_far
from fdemd.score_normalization.normalizer import Normalizer
from fdemd.settings.ranking import EmdRerank
from fdemd.tensors.directions import cosine_of_pairs

FALSE_ACCEPT_RATES = (1e-1, 1e-2, 1e-3, 1e-4)
COSINE, MIRRORED, NORMALIZED = "cosine", "cosine, mirrored", "normalized cosine"
"""Names of similarities."""
_PAIRS_AT_ONCE = 500
"""Pairs whose features are gathered together: 500 pairs of 8x8x512 patches are 125 MiB."""


@dataclass(frozen=True)
class Verification:
    """How well one similarity verifies pairs.

    Attributes:
        similarity: Name of the similarity.
        accuracy: Accuracy over the folds; a pair without a face is wrong, whether it shows one person or two.
        points: True accept rates at :data:`FALSE_ACCEPT_RATES`; a pair without a face is rejected.
        roc: False and true accept rates, likewise.
    """

    similarity: str
    accuracy: FoldAccuracy
    points: tuple[TarAtFar, ...]
    roc: tuple[Tensor, Tensor]


def evaluate_scores(similarity: str, score: Tensor, pairs: Pairs, failed: Tensor) -> Verification:
    """Evaluate the scores of all pairs.

    Args:
        similarity: Name of the similarity.
        score: Scores ``(P,)``; larger is closer. Ignored where ``failed``.
        pairs: The pairs, in two folds or more.
        failed: Booleans ``(P,)``: pairs in which a face was not found.
    """
    rejected = score.masked_fill(failed, -torch.inf)
    return Verification(
        similarity,
        fold_accuracy(rejected.masked_fill(failed & ~pairs.same, torch.inf), pairs.same, pairs.fold),
        tuple(tar_at_far(rejected, pairs.same, far) for far in FALSE_ACCEPT_RATES),
        roc_curve(rejected, pairs.same),
    )


def pair_scores(
    features: Features,
    first: Tensor,
    second: Tensor,
    settings: EmdRerank | None,
    *,
    mirrored: bool = False,
    normalizer: Normalizer | None = None,
) -> dict[str, Tensor]:
    """Return the scores ``(P,)`` of pairs of faces by each similarity, by name.

    The last is ``alpha * EMD similarity + (1 - alpha) * cosine``, of normalized cosines with a normalizer. The code
    published with DeepFace-EMD (Phan and Nguyen, CVPR 2022) adds the similarity to a squared distance instead, two
    terms of opposite sign.

    Args:
        features: Features of all faces.
        first: Rows of the features ``(P,)`` of each pair's first face.
        second: Rows of the features ``(P,)`` of each pair's second face.
        settings: Settings of the Earth Mover's similarity; None leaves it out.
        mirrored: Whether the second half of each embedding is that of the face's mirror image, which makes a
            similarity of its own.
        normalizer: Normalizes the cosines of embeddings without their mirrored half, which makes a similarity of its
            own; None without.
    """
    one, other = (features.embedding[rows].float() for rows in (first, second))
    scores = {COSINE: cosine_of_pairs(one, other)}
    if mirrored:
        half = one.shape[1] // 2
        one, other = one[:, :half], other[:, :half]
        scores = {COSINE: cosine_of_pairs(one, other), MIRRORED: scores[COSINE]}
    cosine, name = scores[COSINE], COSINE
    if normalizer is not None:
        cosine, name = normalizer.normalize_pairs(cosine, one, other), NORMALIZED
        scores[name] = cosine
    if settings is None:
        return scores
    patches = features.pooled(settings.grid) if settings.grid else features
    parts = [
        emd_similarity(
            patches[one],
            patches[other],
            torch.arange(len(one), device=cosine.device)[:, None],
            weighting=settings.weighting,
            stop=stopping_rule(settings.stop, settings.tolerance),
            eps=settings.eps,
            engine=settings.engine,
        ).similarity[:, 0]
        for one, other in zip(first.split(_PAIRS_AT_ONCE), second.split(_PAIRS_AT_ONCE), strict=True)
    ]
    alpha = settings.fixed_alpha
    mixed = alpha * torch.cat(parts) + (1 - alpha) * cosine
    return scores | {f"{alpha:g} EMD + {1 - alpha:.3g} {name}": mixed}
