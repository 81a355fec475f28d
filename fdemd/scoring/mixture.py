"""Queries of every kind together, with what a system knows of each before it answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from fdemd.embedding.data import EmbeddedData
from fdemd.features import Features
from fdemd.losses.scale_head import ScaleHead
from fdemd.retrieval.protocol import LEAVE_TWIN_OUT, Labels, count_relevant
from fdemd.retrieval.reranker import Progress, no_progress
from fdemd.retrieval.second_stage import second_stages
from fdemd.retrieval.two_stages import TwoStageSearch
from fdemd.scoring.closed_set import STAGE_1, STAGE_2, compare_stages
from fdemd.settings.ranking import Reranking

_FACES_AT_ONCE = 256


@dataclass(frozen=True)
class Faces:
    """Embeddings ``(B, D)`` float32, labels, and logits ``(B,)`` of the scales of some faces."""

    embedding: Tensor
    labels: Labels
    logit: Tensor


@dataclass(frozen=True)
class Mixture:
    """``B`` queries of all kinds that have somebody to find, and the gallery.

    Attributes:
        queries: The faces that were found.
        gallery: Faces to compare with.
        kinds: Names of the kinds of query.
        kind: ``(B,)`` number of each query's kind.
        first: ``(B,)`` cosine to the first place of stage 1.
        right: Stage -> ``(B,)`` boolean, whether its first place is the right person.
        missed: Number of queries beside these whose face was not found.
        lone: Number of queries without a right answer, which are left out.
    """

    queries: Faces
    gallery: Faces
    kinds: tuple[str, ...]
    kind: Tensor
    first: Tensor
    right: Mapping[str, Tensor]
    missed: int
    lone: int


@torch.inference_mode()
def mixture_of(
    data: EmbeddedData,
    head: ScaleHead,
    settings: Reranking | None,
    on_progress: Progress = no_progress,
) -> Mixture:
    """Identify every query of every kind, leave-twin-out, and ask the head how sure it is.

    Args:
        data: Queries and gallery.
        head: Scale head, trained with the network of ``data``.
        settings: Settings of the second stage; None leaves it out.
        on_progress: To be told the number of pairs just re-ranked.
    """
    features, gallery_labels = data.gallery()
    gallery = Faces(features.embedding.float(), gallery_labels, _logit(head, features))
    search = TwoStageSearch(
        features,
        gallery_labels,
        second_stages(settings, data.backbone),
        backbone=data.backbone,
        compact=data.compact,
        on_progress=on_progress,
    )
    parts, rights, firsts, missed, lone = [], [], [], 0, 0
    for kind in data.features:
        query, labels = data.query(kind)
        (comparison,) = compare_stages(
            search, kind, query, labels, protocols=[LEAVE_TWIN_OUT], missed=data.missed(kind)
        )
        found = count_relevant(labels, gallery_labels, comparison.protocol) > 0
        stages = {STAGE_1: comparison.stage1} | ({STAGE_2: comparison.stage2} if comparison.stage2 is not None else {})
        rights.append(
            {
                stage: ranking.hits(labels.identity, gallery_labels.identity)[found, 0]
                for stage, ranking in stages.items()
            }
        )
        parts.append(Faces(query.embedding[found].float(), labels[found], _logit(head, query)[found]))
        firsts.append(comparison.stage1.scores[found, 0])
        missed, lone = missed + comparison.missed, lone + comparison.lone
    return Mixture(
        _joined(parts),
        gallery,
        tuple(data.features),
        torch.cat([torch.full((len(part.logit),), number) for number, part in enumerate(parts)]),
        torch.cat(firsts),
        {stage: torch.cat([right[stage] for right in rights]) for stage in rights[0]},
        missed,
        lone,
    )


def _logit(head: ScaleHead, features: Features) -> Tensor:
    return torch.cat([head.logit(some) for some in features.patches.split(_FACES_AT_ONCE)]).double()


def _joined(parts: list[Faces]) -> Faces:
    labels = [part.labels for part in parts]
    return Faces(
        torch.cat([part.embedding for part in parts]),
        Labels(*(torch.cat([getattr(each, name) for each in labels]) for name in ("identity", "source", "picture"))),
        torch.cat([part.logit for part in parts]),
    )
