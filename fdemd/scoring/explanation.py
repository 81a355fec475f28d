"""Why two faces are similar: every number that goes into the second stage's score of one pair. No image, no file."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import cosine_similarity

from fdemd.emd import WEIGHTINGS, emd_similarity, stopping_rule
from fdemd.emd.contributions import Contributions, contributions
from fdemd.emd.side import side_of
from fdemd.emd.weighting import Marginals, marginals
from fdemd.errors import InputError
from fdemd.features import Features
from fdemd.settings.ranking import EmdRerank


@dataclass(frozen=True)
class Explanation:
    """Scores of one pair and what they are made of.

    Attributes:
        cosine: of the embeddings, in [-1, 1].
        emd: Earth Mover's similarity, ``sum(flow * patch_cosine)``.
        mixed: ``alpha * emd + (1 - alpha) * cosine``.
        grid: rows and columns of the patches.
        flow: ``(N, N)``, (query patch, gallery patch).
        patch_cosine: ``(N, N)``, likewise.
        query_weight: ``(N,)``.
        gallery_weight: ``(N,)``.
        fallback: whether a side had no positive weight and was weighted uniformly instead.
        unfinished: whether the transport stopped before it met the stopping rule.
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
        """Of the patches of either face to ``emd``."""
        return contributions(self.flow, self.patch_cosine)


@torch.inference_mode()
def explain_pair(query: Features, gallery: Features, settings: EmdRerank) -> Explanation:
    """Compare one face ``(1, ...)`` with another as the second stage does.

    Raises:
        InputError: the network has no such patches, or the weighting is not for them.
    """
    if settings.grid:
        query, gallery = query.pooled(settings.grid), gallery.pooled(settings.grid)
    pair = emd_similarity(
        query,
        gallery,
        torch.zeros(1, 1, dtype=torch.long),
        weighting=settings.weighting,
        stop=stopping_rule(settings.stop, settings.tolerance),
        eps=settings.eps,
        with_flow=True,
    )
    assert pair.flow is not None
    assert pair.query_weight is not None
    assert pair.gallery_weight is not None
    units = [side_of(features, settings.weighting).unit(slice(None))[0] for features in (query, gallery)]
    cosine, emd = float(cosine_similarity(query.embedding, gallery.embedding)), float(pair.similarity)
    return Explanation(
        cosine,
        emd,
        settings.fixed_alpha * emd + (1 - settings.fixed_alpha) * cosine,
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
    """Weights ``(N,)`` of either face under each weighting that these features allow (paper Fig. 3).

    ``uew`` is left out: its weights are those of ``apc`` times a number.
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
