"""A ranking of one's own and the true identities -> figures with intervals: what :func:`fdemd.evaluate` is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from fdemd.errors import InputError
from fdemd.metrics.identification import IDENTIFICATION, metrics_named
from fdemd.metrics.intervals import Estimate
from fdemd.retrieval.protocol import LEAVE_TWIN_OUT
from fdemd.retrieval.rank import labels_of, sources_of
from fdemd.retrieval.ranking import Ranking
from fdemd.scoring.ground_truth import GroundTruth
from fdemd.tensors.arrays import Array, check_arrays, numbered


def evaluate(
    ranking: Ranking | Array,
    query_identities: Any,
    gallery_identities: Any,
    *,
    query_sources: Any = None,
    gallery_sources: Any = None,
    metrics: Sequence[str] = tuple(IDENTIFICATION),
    seed: int = 0,
) -> dict[str, Estimate]:
    """Measure how good a ranking is.

    Queries without a face of their identity in the gallery are not averaged. Intervals are of 95 %, by a bootstrap over
    people: queries of one person succeed and fail together.

    Args:
        ranking: What :func:`fdemd.rank` or :func:`fdemd.rerank` gave; or, of a ranking made elsewhere, gallery rows
            ``(Q, L)``, best first, -1 at the end for nobody.
        query_identities: ``Q`` names or numbers of people.
        gallery_identities: ``G`` names or numbers of people.
        query_sources: ``Q`` names or numbers of the photographs that the queries come from: gallery faces of a query's
            own photograph are not counted among its right answers. A ranking by :func:`fdemd.rank` with sources knows
            them; one made elsewhere needs them if it leaves such faces out.
        gallery_sources: ``G`` names or numbers, likewise.
        metrics: Names of figures: ``P@1``, ``RP`` (R-Precision), ``MAP@R`` (Musgrave et al., ECCV 2020), and those of
            plug-ins of the group ``fdemd.metrics``.
        seed: Seed of the bootstrap.

    Returns:
        Name of each figure -> mean, low and high end of its interval, in [0, 1].

    Raises:
        InputError: Identities of other faces, an unknown metric, no query that can be answered, fewer places than a
            query has right answers, or a ranking that left each query itself out without telling so by sources.

    Examples:
        >>> figures = evaluate([[0, 1, 2], [1, 0, 2]], ["ann", "eve"], ["ann", "bob", "eve"])
        >>> figures["P@1"]
        Estimate(mean=0.5, low=0.0, high=1.0)
    """
    if not isinstance(ranking, Ranking):
        (rows,) = check_arrays({"ranking": (ranking, "whole Q L")})
        ranking = Ranking(rows, -torch.arange(rows.shape[1]).expand_as(rows))
    query_numbers, gallery_numbers = numbered(
        {
            "query_identities": (query_identities, len(ranking)),
            "gallery_identities": (gallery_identities, ranking.gallery_size),
        }
    )
    count = len(gallery_numbers)
    if ranking.indices.numel() and int(ranking.indices.max()) >= count:
        raise InputError(
            f"The ranking names the gallery row {int(ranking.indices.max())}, and there are {count} gallery_identities."
        )
    sources = sources_of(query_sources, gallery_sources, len(ranking), count) or ranking.sources
    device = ranking.indices.device
    query, gallery = labels_of(query_numbers.to(device), gallery_numbers.to(device), sources)
    truth = GroundTruth(query, query[:0], gallery, LEAVE_TWIN_OUT, seed=seed, metrics=metrics_named(metrics))
    if not truth.queries:
        raise InputError("No query has a face of its identity in the gallery, so that there is nothing to average.")
    if sources is None:
        _check_nobody_left_out(ranking, truth)
    if set(metrics) != {"P@1"}:  # which looks at the first place alone
        _check_depth(ranking, truth)
    return truth.figures(truth.values(truth.hits(ranking)))


def _check_nobody_left_out(ranking: Ranking, truth: GroundTruth) -> None:
    """Check that queries and gallery are not the same faces, each left out of its own ranking.

    They look like it if they are of the same people in the same order, and no query names its own row although some
    find another face of their person. The row left out would be counted as a right answer that the ranking missed.
    """
    if not torch.equal(truth.query.identity, truth.gallery.identity):
        return
    itself = ranking.indices == torch.arange(len(ranking), device=ranking.indices.device)[:, None]
    if not itself.any() and truth.hits(ranking).any():
        raise InputError(
            "Queries and gallery are of the same people in the same order, and no query finds its own row: if each was "
            "left out of its own ranking, give query_sources and gallery_sources, the same for a face and itself, so "
            "that it is not counted as missed; if they are different photographs, give these as different sources."
        )


def _check_depth(ranking: Ranking, truth: GroundTruth) -> None:
    """Check that the ranking has a place for every right answer, as R-Precision and MAP@R need it."""
    most, places = truth.most_relevant, ranking.indices.shape[1]
    if places < most:
        raise InputError(
            f"The ranking has {places} places, and a query has {most} right answers in the gallery; rank with "
            f"depth={most} or more."
        )
