"""What photographs with drawn covers find in a gallery: what the alphas of a calibration are chosen by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from fdemd.backbones.backbone import Backbone
from fdemd.embedding.covers import CoveredFaces
from fdemd.errors import InputError
from fdemd.features import Features
from fdemd.metrics.identification import IDENTIFICATION
from fdemd.retrieval.protocol import LEAVE_TWIN_OUT, Labels
from fdemd.retrieval.ranking import Ranking
from fdemd.retrieval.reranker import Progress, no_progress
from fdemd.retrieval.rerankers import build_reranker
from fdemd.retrieval.second_stage import SecondStage
from fdemd.retrieval.stage2 import reorder
from fdemd.retrieval.two_stages import TwoStageSearch
from fdemd.scoring.ground_truth import GroundTruth
from fdemd.settings.ranking import Reranking
from fdemd.visibility.covers.draw import ASKEW_COVERS
from fdemd.visibility.trust import FIGURES


@dataclass(frozen=True)
class CoveredSearch:
    """Photographs with drawn covers and what they find, leave-twin-out. Similarities are computed once, for any alpha.

    Made by :func:`search_covered`; ``search[numbers]`` is that of some of the photographs.

    Attributes:
        faces: The photographs, with covers and without.
        asked: ``(Q,)`` numbers of those that have another photograph of their person in the gallery, without badly
            aligned ones: these are there for estimators to be fitted on.
    """

    faces: CoveredFaces
    asked: Tensor
    _truth: GroundTruth
    _first: Ranking
    _similarity: Tensor

    def __getitem__(self, numbers: Tensor) -> CoveredSearch:
        place = torch.full((len(self.faces),), -1)
        place[self.asked] = torch.arange(len(self.asked))
        (asked,) = (place[numbers] >= 0).nonzero(as_tuple=True)
        rows = place[numbers][asked]
        truth = replace(self._truth, query=self._truth.query[rows])
        return CoveredSearch(self.faces[numbers], asked, truth, self._first[rows], self._similarity[rows])

    def measure(self, alphas: Tensor) -> Mapping[str, Tensor]:
        """Return P@1 and RP of each query, ``(Q,)``.

        Args:
            alphas: ``(Q,)``.
        """
        return self._truth.values(self._truth.hits(reorder(self._first, self._similarity, alphas)))


def search_covered(
    faces: CoveredFaces,
    gallery: Features,
    gallery_labels: Labels,
    rerank: Reranking,
    *,
    backbone: Backbone,
    on_progress: Progress = no_progress,
) -> CoveredSearch:
    """Let photographs with drawn covers search a gallery, leave-twin-out.

    Args:
        faces: Photographs of the gallery, clean and with drawn covers.
        gallery: Features of the gallery.
        gallery_labels: Who is in it.
        rerank: Settings of the second stage; its alpha plays no part.
        backbone: The network.
        on_progress: To be told the number of pairs just compared.

    Raises:
        InputError: Nobody has two photographs in the gallery, or the re-ranker cannot compare the faces.
    """
    everybody = GroundTruth(faces.labels, faces.labels[:0], gallery_labels, LEAVE_TWIN_OUT)
    straight = torch.tensor([kind not in ASKEW_COVERS for kind in faces.kinds])
    (asked,) = ((everybody.relevant > 0) & straight).nonzero(as_tuple=True)
    if not len(asked):
        raise InputError(
            "Nobody in the gallery has two photographs, so that no query can be answered; give some who have."
        )
    metrics = {name: IDENTIFICATION[name] for name in FIGURES}
    truth = replace(everybody, query=faces.labels[asked], metrics=metrics)
    stage = SecondStage(build_reranker(rerank, backbone), 0.0, rerank.k)
    search = TwoStageSearch(gallery, gallery_labels, [stage], backbone=backbone, on_progress=on_progress)
    found = search.queries(faces.features[asked], faces.labels[asked]).rank(LEAVE_TWIN_OUT, truth.most_relevant)
    return CoveredSearch(faces, asked, truth, found.first, found.similarity(stage).values[:, : rerank.k])
