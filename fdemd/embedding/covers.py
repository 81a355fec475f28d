"""Photographs embedded clean and with drawn covers, together with the truth: what a calibration is made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from fdemd.data.dataset import FaceDataset
from fdemd.embedding.data import DataDescription, EmbeddedData
from fdemd.embedding.labels import labels_of
from fdemd.embedding.steps import embed_sets
from fdemd.features import Features, join_features
from fdemd.retrieval.protocol import Labels
from fdemd.runs.steady_progress import steady_progress
from fdemd.visibility.covers.draw import Covered
from fdemd.visibility.covers.maker import CoverMaker
from fdemd.visibility.truth import CoverTruth


@dataclass(frozen=True)
class CoveredFaces:
    """Photographs with drawn covers, clean ones among them.

    Attributes:
        features: Features of ``B`` faces.
        labels: Who they are.
        truth: What happened to them.
        kinds: Kind of cover of each.
    """

    features: Features
    labels: Labels
    truth: CoverTruth
    kinds: Sequence[str]

    @classmethod
    def joined(cls, parts: Sequence[CoveredFaces]) -> CoveredFaces:
        """Return several lists of faces one after the other."""
        return cls(
            join_features([part.features for part in parts]),
            join_labels([part.labels for part in parts]),
            CoverTruth.joined([part.truth for part in parts]),
            [kind for part in parts for kind in part.kinds],
        )

    def __len__(self) -> int:
        return len(self.kinds)

    def __getitem__(self, faces: Tensor) -> CoveredFaces:
        """Return some of the faces, by number."""
        kinds = [self.kinds[number] for number in faces.tolist()]
        return CoveredFaces(self.features[faces], self.labels[faces], self.truth[faces], kinds)


def embed_covers(
    described: DataDescription, data: EmbeddedData, rows: Tensor, makers: Sequence[CoverMaker]
) -> CoveredFaces:
    """Embed photographs with drawn covers, as far as no earlier run has stored the features.

    The result has the photographs as they are first, and then those of each maker.

    Args:
        described: The data.
        data: The same, embedded.
        rows: Rows of the manifest ``(B,)`` with a face.
        makers: What draws each set of covers.

    Raises:
        InputError: As :func:`fdemd.embedding.steps.embed_sets`.
    """
    manifest, aligned = data.faces.manifest, data.faces.faces
    sets = {
        f"covers {number}": FaceDataset(aligned, manifest, rows, maker) for number, maker in enumerate(makers, start=1)
    }
    embedded = embed_sets(described.settings, data.backbone, sets, described.trainer)
    found = []
    with steady_progress("Drawing covers", len(makers) * len(rows)) as advance:

        def drawn(maker: CoverMaker, row: int) -> Covered:
            advance(1)
            return maker.covered(aligned.face(row), manifest.photographs[row].path)

        for maker, faces in zip(makers, embedded.values(), strict=True):
            features = faces.at(rows)
            truth = CoverTruth.of((drawn(maker, row) for row in rows.tolist()), features.grid)
            kinds = [maker.kind_of(manifest.photographs[row].path) for row in rows.tolist()]
            found.append(CoveredFaces(features, labels_of(manifest, rows, occluded=True), truth, kinds))
    clean, labels = data.features["clean"].at(rows), labels_of(manifest, rows, occluded=False)
    shown = CoverTruth(torch.zeros(len(rows), dtype=torch.long), torch.ones(len(rows), clean.patches.shape[1]))
    return CoveredFaces.joined([CoveredFaces(clean, labels, shown, ["clean"] * len(rows)), *found])


def join_labels(parts: Sequence[Labels]) -> Labels:
    """Return the labels of several lists of faces, one after the other."""
    return Labels(*(torch.cat([getattr(part, name) for part in parts]) for name in ("identity", "source", "picture")))
