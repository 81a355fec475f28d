"""Why two faces are similar: every number that goes into the second stage's score of one pair."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from fdemd.emd import WEIGHTINGS, emd_similarity, stopping_rule
from fdemd.emd.contributions import Contributions, contributions
from fdemd.emd.side import side_of
from fdemd.emd.weighting import Marginals, marginals
from fdemd.errors import InputError
from fdemd.features import Features, as_features, check_patches
from fdemd.settings.checking import check_settings
from fdemd.settings.ranking import EmdRerank
from fdemd.tensors.directions import unit


@dataclass(frozen=True)
class Explanation:
    """Scores of one pair and what they are made of.

    Attributes:
        cosine: Cosine of the embeddings, in [-1, 1].
        emd: Earth Mover's similarity, ``sum(flow * patch_cosine)``.
        mixed: Score of the second stage, ``alpha * emd + (1 - alpha) * cosine``.
        grid: Rows and columns of the patches.
        flow: Flow ``(N, N)`` from each query patch (row) to each gallery patch (column); it adds up to 1.
        patch_cosine: Cosines ``(N, N)`` of the patches, likewise.
        query_weight: Weights ``(N,)`` of the query's patches.
        gallery_weight: Weights ``(N,)`` of the gallery face's patches.
        fallback: Whether a side had no positive weight and was weighted uniformly instead.
        unfinished: Whether the transport stopped before it met the stopping rule.
    """

    cosine: float
    emd: float
    mixed: float
    grid: tuple[int, int]
    flow: Tensor
    patch_cosine: Tensor
    query_weight: Tensor
    gallery_weight: Tensor
    fallback: bool
    unfinished: bool

    @property
    def contributions(self) -> Contributions:
        """What each patch of either face adds to ``emd``."""
        return contributions(self.flow, self.patch_cosine)


@torch.inference_mode()
def explain(
    query: Features,
    gallery: Features,
    *,
    alpha: float = 0.7,
    weighting: str = "apc",
    eps: float = 0.05,
    stop: str = "converged",
    tolerance: float = 3e-4,
    grid: tuple[int, int] | None = None,
) -> Explanation:
    """Compare one face with another as the second stage does.

    Args:
        query: Features of one face, such as ``features[0]``.
        gallery: Features of another face.
        alpha: Weight of the Earth Mover's similarity in the mixed score, in [0, 1].
        weighting: How patches are weighted, a name in :data:`fdemd.emd.WEIGHTINGS`.
        eps: Regularization of the transport.
        stop: When the transport is taken for solved: ``converged``, or ``official`` as in the published code.
        tolerance: Largest error of a patch's weight under ``converged``.
        grid: Rows and columns that the patches are pooled to; None takes them as they are.

    Returns:
        Every number that goes into the score.

    Raises:
        InputError: There are several faces, a setting is out of range, or the weighting or the grid is not for these
            features.

    Examples:
        >>> face = Features(torch.ones(1, 2), torch.eye(4)[None], (2, 2))
        >>> explanation = explain(face, face, weighting="uniform")
        >>> round(explanation.emd, 2), explanation.flow.shape
        (1.0, torch.Size([4, 4]))
    """
    query, gallery = as_features(query, "query"), as_features(gallery, "gallery")
    for name, faces in (("query", query), ("gallery", gallery)):
        check_patches(faces, name)
        if faces.embedding.dim() != 2 or len(faces) != 1:
            raise InputError(
                f"{name} has {len(faces)} faces; explain compares one with one, such as {name}[0] with another."
            )
    given = {"alpha": alpha, "weighting": weighting, "eps": eps, "stop": stop, "tolerance": tolerance, "grid": grid}
    alpha = check_settings(EmdRerank, given).fixed_alpha
    if grid:
        query, gallery = query.pooled(grid), gallery.pooled(grid)
    pair = emd_similarity(
        query,
        gallery,
        torch.zeros(1, 1, dtype=torch.long),
        weighting=weighting,
        stop=stopping_rule(stop, tolerance),
        eps=eps,
        with_flow=True,
    )
    assert pair.flow is not None
    assert pair.query_weight is not None
    assert pair.gallery_weight is not None
    units = [side_of(features, weighting).unit(slice(None))[0] for features in (query, gallery)]
    cosine = float((unit(query.embedding, "the query's embedding") * unit(gallery.embedding, "the gallery's")).sum())
    emd = float(pair.similarity)
    return Explanation(
        cosine,
        emd,
        alpha * emd + (1 - alpha) * cosine,
        query.grid,
        pair.flow[0, 0],
        units[0] @ units[1].T,
        pair.query_weight[0, 0],
        pair.gallery_weight[0, 0],
        bool(pair.fallback),
        bool(pair.unfinished),
    )


@torch.inference_mode()
def weights_of_pair(query: Features, gallery: Features) -> dict[str, Marginals]:
    """Return weighting -> weights ``(N,)`` of either face, as far as these features allow (DeepFace-EMD, Fig. 3).

    ``uew`` is left out: its weights are those of ``apc`` times a number.

    Args:
        query: Features of one face ``(1, ...)``.
        gallery: Features of another face ``(1, ...)``.
    """
    found = {}
    for name in WEIGHTINGS:
        if name == "uew":
            continue
        try:
            one, other = side_of(query, name), side_of(gallery, name)
        except InputError:  # a weighting that these features do not allow, such as cc
            continue
        candidates = torch.zeros(1, 1, dtype=torch.long)
        pair = marginals(one.unit(slice(None)), one.terms, other.unit(candidates), other.terms[candidates])
        found[name] = Marginals(pair.query[0, 0], pair.gallery[0, 0], pair.fallback[0, 0])
    return found
