"""Validation: identification of people whom the training never sees, by the evaluation's own figures."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, full_like
from torchmetrics import Metric
from torchmetrics.utilities import dim_zero_cat

from fdemd.data.datamodule import FaceDataModule
from fdemd.embedding.datasets import EmbeddedFaces
from fdemd.embedding.labels import labels_of
from fdemd.features import Features
from fdemd.retrieval.protocol import LEAVE_TWIN_OUT
from fdemd.retrieval.second_stage import second_stages
from fdemd.retrieval.two_stages import TwoStageSearch
from fdemd.scoring.closed_set import STAGE_1, Comparison, compare_stages
from fdemd.settings.ranking import Reranking

SELECTED_BY = "validation/MAP@R"
"""Name of the figure that the best weights are chosen by: P@1 is soon 100 on few people."""


class IdentificationMetric(Metric):
    """P@1, R-Precision and MAP@R of the people kept for validation, as a torchmetrics metric.

    It collects the features of all faces, those of every process, and identifies everyone at the end: a query is
    ranked against the whole gallery, so that figures of parts cannot be averaged. Every process computes the same.

    Attributes:
        faces: The people kept for validation; its kinds of query are numbered in their order.
        comparisons: Outcome of the last :meth:`compute`, with the rankings; empty before.
    """

    full_state_update = False
    higher_is_better = True
    embedding: list[Tensor]
    patches: list[Tensor]
    landmarks: list[Tensor]
    row: list[Tensor]
    kind: list[Tensor]

    def __init__(self, faces: FaceDataModule, rerank: Reranking | None, *, seed: int) -> None:
        """Describe the validation.

        Args:
            faces: The people kept for validation, as queries and gallery.
            rerank: Section ``rerank`` of the settings; None leaves the second stage out.
            seed: Seed of the bootstrap intervals.
        """
        super().__init__()
        self.faces, self.rerank, self.seed = faces, rerank, seed
        self.comparisons: list[Comparison] = []
        self._kinds = list(faces.makers)
        self._grid = (0, 0)
        for name in ("embedding", "patches", "landmarks", "row", "kind"):
            self.add_state(name, [], dist_reduce_fx="cat")

    def update(self, kind: int, row: Tensor, features: Features) -> None:
        """Add faces of one kind of query.

        Args:
            kind: Number of the kind.
            row: ``(B,)`` manifest row of each face.
            features: Features of the faces, with landmarks; patches are only kept if they are compared.
        """
        assert features.landmarks is not None
        self._grid = features.grid if self.rerank else (0, 0)
        self.embedding.append(features.embedding)
        self.patches.append(features.patches if self.rerank else features.patches[:, :0])
        self.landmarks.append(features.landmarks)
        self.row.append(row)
        self.kind.append(full_like(row, kind))

    def compute(self) -> dict[str, float]:
        """Identify everyone.

        Returns:
            Name -> figure in percent, see :func:`figures_of`.
        """
        manifest, faces = self.faces.manifest, self.faces
        embedded = {name: self._faces_of(number) for number, name in enumerate(self._kinds)}
        gallery = embedded["clean"].at(faces.gallery_rows)
        gallery_labels = labels_of(manifest, faces.gallery_rows, occluded=False)
        search = TwoStageSearch(gallery, gallery_labels, second_stages(self.rerank))
        self.comparisons = [
            comparison
            for kind in self._kinds
            for comparison in compare_stages(
                search,
                kind,
                embedded[kind].at(faces.query_rows),
                labels_of(manifest, faces.query_rows, occluded=kind != "clean"),
                protocols=[LEAVE_TWIN_OUT],
                missed=labels_of(manifest, faces.missed_rows, occluded=kind != "clean"),
                seed=self.seed,
            )
        ]
        return figures_of(self.comparisons)

    def _faces_of(self, kind: int) -> EmbeddedFaces:
        """The features of one kind of query, on the CPU, where everything is ranked."""
        chosen = dim_zero_cat(self.kind) == kind
        embedding, patches, landmarks, row = (
            dim_zero_cat(state)[chosen].cpu() for state in (self.embedding, self.patches, self.landmarks, self.row)
        )
        return EmbeddedFaces(Features(embedding, patches, self._grid, landmarks), row)


def figures_of(comparisons: Sequence[Comparison]) -> dict[str, float]:
    """Name the figures of a validation as loggers show them.

    Args:
        comparisons: Outcome for each kind of query.

    Returns:
        ``validation/KIND/STAGE/FIGURE`` -> figure in percent; and :data:`SELECTED_BY`, the mean over kinds of the
        first stage's MAP@R.
    """
    figures = {
        f"validation/{comparison.kind}/{stage}/{name}": 100 * estimate.mean
        for comparison in comparisons
        for stage, estimates in comparison.figures.items()
        for name, estimate in estimates.items()
    }
    selected = [100 * comparison.figures[STAGE_1]["MAP@R"].mean for comparison in comparisons]
    return figures | {SELECTED_BY: sum(selected) / len(selected)}
