"""Validation: identification of people whom the training never sees, by the evaluation's own figures."""

from __future__ import annotations

import torch
from torch import Tensor

from fdemd.data.datamodule import FaceDataModule
from fdemd.embedding.embed import EmbeddedFaces
from fdemd.embedding.labels import labels_of
from fdemd.features import Features
from fdemd.retrieval.protocol import LEAVE_TWIN_OUT
from fdemd.retrieval.two_stages import TwoStageSearch, second_stages
from fdemd.scoring.closed_set import STAGE_1, Comparison, compare_stages
from fdemd.settings.ranking import Reranking

SELECTED_BY = "validation/MAP@R"
"""Name of the figure that the best weights are chosen by: P@1 is soon 100 on few people."""


class HeldOut:
    """Collects the features of the held-out people, and identifies them once all are there.

    With several processes each embeds its share; every one then computes the same figures.
    """

    def __init__(self, faces: FaceDataModule, settings: Reranking | None, seed: int) -> None:
        """Describe the validation.

        Args:
            faces: of the held-out people; its queries say the kinds.
            settings: of the second stage; None leaves it out.
            seed: of the bootstrap intervals.
        """
        self.faces, self.settings, self.seed = faces, settings, seed
        self.kinds = list(faces.makers)
        self._parts: dict[str, list[EmbeddedFaces]] = {kind: [] for kind in self.kinds}

    def add(self, kind: int, rows: Tensor, features: Features) -> None:
        """Keep the features of manifest rows as the kind of query with this number; patches only if they are needed."""
        if self.settings is None:
            features = Features(features.embedding, features.patches[:, :0], (0, 0))
        self._parts[self.kinds[kind]].append(EmbeddedFaces(features.to("cpu"), rows.cpu()))

    def compare(self) -> list[Comparison]:
        """Identify everyone, and forget the features."""
        embedded = {kind: _joined(_from_all_processes(parts)) for kind, parts in self._parts.items()}
        self._parts = {kind: [] for kind in self.kinds}
        faces, manifest = self.faces, self.faces.manifest
        gallery = embedded["clean"].at(faces.gallery_rows)
        gallery_labels = labels_of(manifest, faces.gallery_rows, occluded=False)
        search = TwoStageSearch(gallery, gallery_labels, second_stages(self.settings))
        comparisons: list[Comparison] = []
        for kind in self.kinds:
            comparisons += compare_stages(
                search,
                kind,
                embedded[kind].at(faces.query_rows),
                labels_of(manifest, faces.query_rows, occluded=kind != "clean"),
                protocols=[LEAVE_TWIN_OUT],
                missed=labels_of(manifest, faces.missed_rows, occluded=kind != "clean"),
                seed=self.seed,
            )
        return comparisons


def figures_of(comparisons: list[Comparison]) -> dict[str, float]:
    """Name -> figure in percent, for loggers; and :data:`SELECTED_BY`, the mean over kinds of stage 1's MAP@R."""
    figures = {
        f"validation/{comparison.kind}/{stage}/{name}": 100 * estimate.mean
        for comparison in comparisons
        for stage, estimates in comparison.figures.items()
        for name, estimate in estimates.items()
    }
    chosen = [100 * comparison.figures[STAGE_1]["MAP@R"].mean for comparison in comparisons]
    return figures | {SELECTED_BY: sum(chosen) / len(chosen)}


def _from_all_processes(parts: list[EmbeddedFaces]) -> list[EmbeddedFaces]:
    if not torch.distributed.is_initialized():
        return parts
    gathered: list[list[EmbeddedFaces]] = [[] for _ in range(torch.distributed.get_world_size())]
    torch.distributed.all_gather_object(gathered, parts)
    return [part for each in gathered for part in each]


def _joined(parts: list[EmbeddedFaces]) -> EmbeddedFaces:
    features = [part.features for part in parts]
    landmarks = [each.landmarks for each in features if each.landmarks is not None]
    joined = Features(
        torch.cat([each.embedding for each in features]),
        torch.cat([each.patches for each in features]),
        features[0].grid,
        torch.cat(landmarks) if landmarks else None,
    )
    return EmbeddedFaces(joined, torch.cat([part.rows for part in parts]))
