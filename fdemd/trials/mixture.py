"""Queries of every kind in one heap, with what a system knows of each before it answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from fdemd.embedded_data import EmbeddedData
from fdemd.features import Features
from fdemd.identification import STAGE_1, STAGE_2
from fdemd.judging import Judge
from fdemd.losses.scale_head import ScaleHead
from fdemd.pair_similarity import PairSimilarity, patches_for
from fdemd.rerank_settings import RerankSettings
from fdemd.retrieval.protocol import LEAVE_TWIN_OUT, Labels, measured_protocols
from fdemd.retrieval.stage1 import rank_by_cosine
from fdemd.retrieval.stage2 import rerank

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
        queries: the faces that were found.
        gallery: faces to compare with.
        kinds: names of the kinds of query.
        kind: ``(B,)`` number of each query's kind.
        first: ``(B,)`` cosine (aligned if the data are) to the first place of stage 1.
        right: stage -> ``(B,)`` boolean, whether its first place is the right person.
        missed: queries beside these whose face was not found.
        lone: queries without a right answer, which are left out.
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
    settings: RerankSettings | None,
    on_progress: Callable[[int], None] = lambda pairs: None,
) -> Mixture:
    """Identify every query of every kind, leave-twin-out, and ask the head how sure it is.

    Args:
        data: queries and gallery.
        head: trained with the network of ``data``.
        settings: of the second stage; None leaves it out.
        on_progress: told the number of pairs just re-ranked.
    """
    features, gallery_labels = data.gallery()
    gallery = Faces(features.embedding.float(), gallery_labels, _logit(head, features))
    view = patches_for(settings, data.backbone, features)
    seen = view(features)
    parts, rights, firsts, missed, lone = [], [], [], 0, 0
    for kind in data.features:
        query, labels = data.query(kind)
        (protocol,) = measured_protocols([LEAVE_TWIN_OUT], labels, gallery_labels)
        judge = Judge(labels, data.missed(kind), gallery_labels, protocol)
        depth = settings.k if settings else 1
        stage1 = rank_by_cosine(
            query.embedding,
            features.embedding,
            labels,
            gallery_labels,
            protocol=protocol,
            depth=depth,
            adjust=data.adjustment(query, features),
        )
        right = {STAGE_1: judge.hits(stage1)[:, 0]}
        if settings:
            pairs = PairSimilarity(view(query), seen, settings, on_progress)
            right[STAGE_2] = judge.hits(rerank(stage1, pairs(stage1.indices).similarity, settings.alpha))[:, 0]
        found = judge.relevant > 0
        parts.append(Faces(query.embedding[found].float(), labels[found], _logit(head, query)[found]))
        rights.append({stage: hits[found] for stage, hits in right.items()})
        firsts.append(stage1.scores[found, 0])
        missed, lone = missed + judge.failed, lone + judge.lone
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
