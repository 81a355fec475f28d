"""What the estimator of a calibration says of faces that it never saw."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from fdemd.backbones.backbone import Backbone
from fdemd.data.aligned import aligned_faces
from fdemd.data.manifest import Manifest, Photograph
from fdemd.embedding.covers import embed_covers
from fdemd.embedding.data import EmbeddedData
from fdemd.embedding.embed import embed
from fdemd.faces.alignment import AlignedFace
from fdemd.repro.trust_page import NEVER_SEEN
from fdemd.repro.trust_part import COVERS_SEED, Part, cover_maker
from fdemd.repro.trust_rules import UNSEEN, left_out
from fdemd.scoring.calibration import judge_estimator, patch_auc
from fdemd.settings.faces import DEFAULT_DETECTOR
from fdemd.visibility.conditions import CONDITIONS
from fdemd.visibility.covers.draw import ASKEW_COVERS, CHANGES, Covered, cover_between
from fdemd.visibility.covers.maker import CoverMaker
from fdemd.visibility.estimator import VisibilityEstimator
from fdemd.visibility.truth import CoverTruth

MOST_JUDGED = 400
"""Photographs, at most, that these covers are drawn on."""
DETECTORS = (DEFAULT_DETECTOR, "dlib")
"""Detectors that find really masked faces, each by itself."""
_SUFFIXES = (".jpg", ".jpeg", ".png")


@torch.inference_mode()
def measure_estimator(part: Part, estimator: VisibilityEstimator) -> dict[str, Any]:
    """Return how well an estimator sees covers of all kinds drawn on people that it never saw.

    Args:
        part: Their photographs.
        estimator: The estimator.
    """
    data = part.data
    clean = estimator(data.features["clean"].features).condition.argmax(1)
    rows = data.faces.query_rows[:MOST_JUDGED]
    makers = [CoverMaker(seed=COVERS_SEED), CoverMaker(tuple(ASKEW_COVERS), seed=COVERS_SEED)]
    _, *judged = torch.arange(len(rows) * (1 + len(makers))).split(len(rows))  # clean ones first
    faces = embed_covers(part.described, data, rows, makers)
    figures, askew = (judge_estimator(each, estimator(each.features)) for each in (faces[some] for some in judged))
    return {
        "photographs": len(rows),
        "patch AUC": round(figures.patch_auc, 4),
        "called right": {name: round(100 * share, 1) for name, share in figures.right.items()},
        "askew called right": {name: round(100 * share, 1) for name, share in askew.right.items()},
        "confusion": figures.confusion.tolist(),
        "clean faces": len(clean),
        "clean called": called(clean),
    }


@torch.inference_mode()
def measure_unseen(
    data: EmbeddedData, estimator: VisibilityEstimator, without: Mapping[str, VisibilityEstimator]
) -> list[dict[str, Any]]:
    """Return how well queries of each kind are seen by an estimator that was fitted without it, and by one with it.

    Args:
        data: Queries of people that neither saw.
        estimator: The one that was fitted with all kinds.
        without: Kind of query -> estimator that was fitted without it.
    """
    rows = data.faces.query_rows[:MOST_JUDGED]
    found = []
    for kind, unaware in without.items():
        features = data.features[kind].at(rows)
        visible = _visible(data, kind, rows, features.grid)
        said = {NEVER_SEEN: unaware(features), "seen": estimator(features)}
        figures = {
            name: {
                "patch AUC": None if visible is None else round(patch_auc(each.visible, visible), 4),
                "called": called(each.condition.argmax(1)),
            }
            for name, each in said.items()
        }
        found.append({"query": kind, "queries": len(rows), "left out": list(left_out(kind)), **figures})
    return found


def _visible(data: EmbeddedData, kind: str, rows: Tensor, grid: tuple[int, int]) -> Tensor | None:
    """Share of each patch that shows the face, ``(B, N)``; None for kinds that cover nothing of it."""
    if kind in CHANGES:
        return None
    aligned, photographs = data.faces.faces, data.faces.manifest.photographs
    maker = cover_maker(kind)

    def drawn(row: int) -> Covered:
        face = aligned.face(row)
        if kind in UNSEEN:
            return maker.covered(face, photographs[row].path)
        return cover_between(face, AlignedFace(data.faces.query_face(kind, row), face.landmarks))

    return CoverTruth.of(map(drawn, rows.tolist()), grid).visible


@torch.inference_mode()
def measure_masked(folder: Path, backbone: Backbone, estimator: VisibilityEstimator, cache: Path) -> dict[str, Any]:
    """Return what an estimator calls photographs of people who really wear masks, by the detector that found them.

    Args:
        folder: Folder of the photographs.
        backbone: The network.
        estimator: Its estimator.
        cache: Folder that keeps the aligned faces.
    """
    names = sorted(file.name for file in folder.iterdir() if file.suffix.lower() in _SUFFIXES)
    manifest = Manifest(folder, tuple(Photograph(name, name, name) for name in names))
    by: dict[str, Any] = {}
    for detector in DETECTORS:
        aligned = aligned_faces(manifest, backbone.alignment, backbone.face_size, cache=cache, detector=detector)
        without = {entry.row for entry in aligned.left_out}
        faces = [aligned.face(row) for row in range(len(names)) if row not in without]
        found = estimator(embed(backbone, faces)).condition.argmax(1)
        by[detector] = {"faces found": len(found), "called": called(found)}
    return {"photographs": len(names), "by detector": by}


def called(condition: Tensor) -> dict[str, float]:
    """Return the percentage of faces that are called each condition; those that do not occur are left out.

    Args:
        condition: ``(B,)`` places in :data:`fdemd.visibility.conditions.CONDITIONS`.

    Example:
        >>> called(torch.tensor([0, 0, 1, 0]))
        {'clean': 75.0, 'below': 25.0}
    """
    shares = condition.bincount(minlength=len(CONDITIONS)).double() / max(len(condition), 1)
    return {name: round(100 * share, 2) for name, share in zip(CONDITIONS, shares.tolist(), strict=True) if share}
