"""Both stages on features of one's own, in memory: what :func:`fdemd.rank` and :func:`fdemd.rerank` are."""

from __future__ import annotations

from collections.abc import Mapping
from operator import index
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor

from fdemd.backbones.backbone import Backbone
from fdemd.backbones.projection import patches_for
from fdemd.errors import InputError
from fdemd.features import Features, as_features
from fdemd.retrieval.alpha import build_alpha, chosen_alpha
from fdemd.retrieval.pair_similarity import PairSimilarity
from fdemd.retrieval.protocol import LEAVE_TWIN_OUT, Labels, barred_rows
from fdemd.retrieval.ranking import Ranking
from fdemd.retrieval.rerankers import build_reranker, reranker_names
from fdemd.retrieval.stage1 import rank_by_cosine
from fdemd.retrieval.stage2 import reorder
from fdemd.settings.checking import check_settings
from fdemd.settings.plugins import unknown_choice
from fdemd.settings.ranking import RERANK_SECTIONS, OtherRerank, Reranking
from fdemd.tensors.arrays import Array, check_arrays, numbered


def rank(
    query: Features | Array,
    gallery: Features | Array,
    *,
    depth: int | None = None,
    query_sources: Any = None,
    gallery_sources: Any = None,
) -> Ranking:
    """Rank a gallery for each query by the cosine of embeddings: the first stage.

    Every gallery face is compared, tile by tile; equal cosines keep the order of the gallery. An embedding of zeros has
    cosine 0 with every face.

    Args:
        query: Features of ``Q`` queries, or their embeddings ``(Q, D)`` alone, of any length.
        gallery: Features of ``G`` gallery faces, or their embeddings ``(G, D)``.
        depth: Places to keep; None keeps the whole gallery, 12 bytes a place.
        query_sources: ``Q`` names or numbers of the photographs that the queries come from. A query is not compared
            with gallery faces of its own photograph: give both sources to leave out the twin of an occluded query, or,
            with the same array twice, to rank a data set against itself (leave-one-out).
        gallery_sources: ``G`` names or numbers, likewise.

    Returns:
        Gallery rows and cosines ``(Q, L)``, best first.

    Raises:
        InputError: Arrays of other shapes or types, numbers that are not finite, or one kind of sources alone.

    Examples:
        >>> import numpy as np
        >>> embeddings = np.array([[1.0, 0.0], [0.9, 0.1], [0.0, 1.0]])
        >>> rank(embeddings[:1], embeddings).indices
        tensor([[0, 1, 2]])
        >>> rank(embeddings, embeddings, query_sources=range(3), gallery_sources=range(3)).indices
        tensor([[1, 2],
                [0, 2],
                [1, 0]])
    """
    queries, faces = check_arrays(
        {"query": (_embedding(query), "real Q D"), "gallery": (_embedding(gallery), "real G D")}
    )
    places = len(faces) if depth is None else _checked_depth(depth)
    sources = sources_of(query_sources, gallery_sources, len(queries), len(faces))
    people = queries.new_zeros(len(queries), dtype=torch.long), faces.new_zeros(len(faces), dtype=torch.long)
    found = rank_by_cosine(
        queries,
        faces,
        *labels_of(*people, sources),  # who is on them plays no part here
        protocol=LEAVE_TWIN_OUT,
        depth=places,
    )
    return Ranking(found.indices, found.scores, sources=sources, gallery_size=found.gallery_size)


def rerank(
    ranking: Ranking,
    query: Features | Array,
    gallery: Features | Array,
    method: str = "emd",
    *,
    backbone: Backbone | None = None,
    **settings: Any,
) -> Ranking:
    """Order the first ``k`` places of a ranking anew by a second similarity: the second stage.

    The new score is ``alpha * similarity + (1 - alpha) * cosine`` (DeepFace-EMD, Eq. 9); later places stay as they are.

    Args:
        ranking: Ranking of the gallery by cosine, such as :func:`fdemd.rank` gives it.
        query: Features of the ``Q`` queries that it is for, or their embeddings ``(Q, D)`` for a method that compares
            no patches.
        gallery: Features of the ``G`` gallery faces that it is of, or their embeddings, likewise.
        method: ``emd`` (Earth Mover's similarity of patches), ``k_reciprocal`` or ``query_expansion`` (both on
            embeddings alone), or the name of a plug-in of the group ``fdemd.rerankers``.
        backbone: Network that gave the features; only ``patches="projected"``, ``alpha="calibrated"`` and ``visible``
            need it.
        **settings: ``alpha``, a number in [0, 1], ``auto`` or ``calibrated``; ``k``, the number of places, all of them
            where the ranking has fewer; and those of the method, as ``configs/rerank/METHOD.yaml`` explains them, such
            as ``weighting="uniform"``. Defaults are as there.

    Returns:
        The new ranking; its scores are the mixed ones within the first places, and ``reranked`` is their number.

    Raises:
        InputError: The ranking is of other faces or re-ranked already, a setting is unknown or out of range, or the
            features are not for this method.

    Examples:
        >>> import numpy as np
        >>> rng = np.random.default_rng(0)
        >>> query = Features(rng.normal(size=(5, 64)), rng.normal(size=(5, 4, 4, 32)))
        >>> gallery = Features(rng.normal(size=(20, 64)), rng.normal(size=(20, 4, 4, 32)))
        >>> rerank(rank(query, gallery), query, gallery, alpha=0.7, k=10).reranked
        10
    """
    if ranking.reranked:
        raise InputError("This ranking was re-ranked already, so that its scores are no cosines; give the first one.")
    query, gallery = as_features(query, "query"), as_features(gallery, "gallery")
    _check_belongs(ranking, query, gallery)
    chosen = _settings(method, settings)
    reranker, alpha = build_reranker(chosen, backbone), build_alpha(chosen.alpha, chosen, backbone)
    pairs = PairSimilarity(reranker, query, gallery, view=patches_for(reranker.patches, backbone, gallery))
    barred = None
    if reranker.needs_barred and ranking.sources is not None:
        barred = barred_rows(*labels_of(*ranking.sources, ranking.sources), LEAVE_TWIN_OUT).to(ranking.indices.device)
    found = pairs(ranking.indices[:, : chosen.k], barred)
    return reorder(ranking, found.values, chosen_alpha(alpha, query, ranking, found.values))


def sources_of(query_sources: Any, gallery_sources: Any, queries: int, faces: int) -> tuple[Tensor, Tensor] | None:
    """Return the photographs that queries and gallery faces come from as numbers; None without any.

    Args:
        query_sources: Names or numbers, or None.
        gallery_sources: Names or numbers, or None.
        queries: How many queries there are.
        faces: How many gallery faces there are.

    Raises:
        InputError: One kind of sources alone, or those of other faces.
    """
    if query_sources is None and gallery_sources is None:
        return None
    if query_sources is None or gallery_sources is None:
        raise InputError("Give both query_sources and gallery_sources, or neither.")
    given = {"query_sources": (query_sources, queries), "gallery_sources": (gallery_sources, faces)}
    of_queries, of_gallery = numbered(given)
    return of_queries, of_gallery


def labels_of(
    query_identity: Tensor, gallery_identity: Tensor, sources: tuple[Tensor, Tensor] | None
) -> tuple[Labels, Labels]:
    """Return the labels of queries and gallery, compared under the protocol ``leave-twin-out``.

    Args:
        query_identity: ``(Q,)`` people.
        gallery_identity: ``(G,)`` people.
        sources: Photographs of queries and gallery, as :class:`fdemd.retrieval.ranking.Ranking` has them; without
            them each face is from a photograph of its own.
    """
    device, faces = query_identity.device, len(gallery_identity)
    query_source, gallery_source = sources or (torch.arange(len(query_identity)) + faces, torch.arange(faces))
    query_source, gallery_source = query_source.to(device), gallery_source.to(device)
    return (
        Labels(query_identity, query_source, query_source),
        Labels(gallery_identity, gallery_source, gallery_source),
    )


def _embedding(faces: Features | Array) -> Array:
    return faces.embedding if isinstance(faces, Features) else faces


def _checked_depth(depth: Any) -> int:
    try:
        places = index(depth)
    except TypeError:
        raise InputError(f"depth is {depth!r}; it must be a whole number.") from None
    if places < 1:
        raise InputError(f"depth is {places}; a ranking has at least 1 place.")
    return places


def _settings(method: str, settings: Mapping[str, Any]) -> Reranking:
    """Return the settings of a re-ranker, checked."""
    if method == "none" or method not in reranker_names():
        raise unknown_choice("re-ranking method", method, reranker_names(), "rerankers")
    section = RERANK_SECTIONS.get(method, OtherRerank)
    plain = {name: _plain(value) for name, value in settings.items()}
    return cast(Reranking, check_settings(section, {"method": method, **plain}))


def _plain(value: Any) -> Any:
    """A setting as a yaml file would give it: a list for a tuple, a number for one of NumPy's."""
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    return value.item() if isinstance(value, np.generic) else value


def _check_belongs(ranking: Ranking, query: Features, gallery: Features) -> None:
    if len(ranking) != len(query):
        raise InputError(f"The ranking is of {len(ranking)} queries, and there are features of {len(query)}.")
    if ranking.gallery_size not in (None, len(gallery)):
        raise InputError(
            f"The ranking is of {ranking.gallery_size} gallery faces, and there are features of {len(gallery)}."
        )
    if ranking.indices.numel() and int(ranking.indices.max()) >= len(gallery):
        raise InputError(
            f"The ranking names the gallery row {int(ranking.indices.max())}, and there are features of {len(gallery)} "
            "gallery faces."
        )
