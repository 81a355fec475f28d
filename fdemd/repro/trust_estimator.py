"""What the estimator of a calibration says of faces that it never saw."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from fdemd.backbones.backbone import Backbone
from fdemd.data.aligned import aligned_faces
from fdemd.data.manifest import Manifest, Photograph
from fdemd.embedding.covers import CoveredFaces, embed_covers
from fdemd.embedding.data import DataDescription, EmbeddedData
from fdemd.embedding.embed import embed
from fdemd.scoring.calibration import judge_estimator
from fdemd.visibility.conditions import CONDITIONS
from fdemd.visibility.covers.maker import CoverMaker
from fdemd.visibility.estimator import VisibilityEstimator
from fdemd.visibility.fit import fit_condition

COVERS_SEED = 1
"""Seed of the covers that an estimator is judged on; those that it was fitted on are drawn by seed 0."""
MOST_JUDGED = 400
"""Photographs, at most, that these covers are drawn on."""
_SUFFIXES = (".jpg", ".jpeg", ".png")


def fit_unaware(faces: CoveredFaces, kinds: Sequence[str]) -> dict[str, VisibilityEstimator]:
    """Return for each kind of query an estimator that is fitted on all faces but those with this cover.

    Args:
        faces: Clean and covered faces.
        kinds: Kinds of query; those that are no cover are left out.
    """
    found = {}
    for kind in kinds:
        (others,) = torch.tensor([each != kind for each in faces.kinds]).nonzero(as_tuple=True)
        if kind != "clean" and len(others) < len(faces):
            found[kind] = fit_condition(faces.features[others], faces.truth.condition[others])
    return found


@torch.inference_mode()
def measure_estimator(described: DataDescription, data: EmbeddedData, estimator: VisibilityEstimator) -> dict[str, Any]:
    """Return how well an estimator sees covers drawn on people that it never saw.

    Args:
        described: The data.
        data: The same, embedded.
        estimator: The estimator.
    """
    clean = estimator(data.features["clean"].features).condition.argmax(1)
    rows = data.faces.query_rows[:MOST_JUDGED]
    faces = embed_covers(described, data, rows, [CoverMaker(seed=COVERS_SEED)])
    covered = faces[torch.arange(len(rows), len(faces))]
    figures = judge_estimator(covered, estimator(covered.features))
    return {
        "photographs": len(rows),
        "patch AUC": round(figures.patch_auc, 4),
        "called right": {name: round(100 * share, 1) for name, share in figures.right.items()},
        "confusion": figures.confusion.tolist(),
        "clean faces": len(clean),
        "clean called": called(clean),
    }


@torch.inference_mode()
def measure_masked(folder: Path, backbone: Backbone, estimator: VisibilityEstimator, cache: Path) -> dict[str, Any]:
    """Return what an estimator calls photographs of people who really wear masks.

    Args:
        folder: Folder of the photographs.
        backbone: The network.
        estimator: Its estimator.
        cache: Folder that keeps the aligned faces.
    """
    names = sorted(file.name for file in folder.iterdir() if file.suffix.lower() in _SUFFIXES)
    manifest = Manifest(folder, tuple(Photograph(name, name, name) for name in names))
    aligned = aligned_faces(manifest, backbone.alignment, backbone.face_size, cache=cache, detector="dlib")
    without = {entry.row for entry in aligned.left_out}
    faces = [aligned.face(row) for row in range(len(names)) if row not in without]
    found = estimator(embed(backbone, faces)).condition.argmax(1)
    return {"photographs": len(names), "faces found": len(found), "called": called(found)}


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
