"""How ``alpha=calibrated`` does beside fixed alphas and ``auto``, and what its estimator says of faces it never saw."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
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
from fdemd.metrics.identification import IDENTIFICATION
from fdemd.report.cells import rounded
from fdemd.repro.trust_page import NEVER_SEEN
from fdemd.retrieval.alpha import by_scores
from fdemd.retrieval.protocol import LEAVE_TWIN_OUT
from fdemd.retrieval.stage2 import reorder
from fdemd.scoring.calibration import judge_estimator
from fdemd.scoring.study import StudyComparison
from fdemd.settings.methods import Method
from fdemd.settings.ranking import EmdRerank
from fdemd.visibility.calibration import Calibration
from fdemd.visibility.conditions import CONDITIONS
from fdemd.visibility.covers.maker import CoverMaker
from fdemd.visibility.estimator import VisibilityEstimator
from fdemd.visibility.fit import fit_condition
from fdemd.visibility.trust import ALPHAS, FIGURES, expected_alpha

COVERS_SEED = 1
"""Seed of the covers that an estimator is judged on; those that it was fitted on are drawn by seed 0."""
MOST_JUDGED = 400
"""Photographs, at most, that these covers are drawn on."""
SMALLEST_GAIN = 1.0
"""Gain of the best fixed alpha in P@1, in points, from which the share that calibrated alphas keep is told."""
_SUFFIXES = (".jpg", ".jpeg", ".png")

Row = dict[str, Any]
Measure = Callable[[float | Tensor], Mapping[str, float]]
"""Alpha -> P@1 and RP in percent."""


@torch.inference_mode()
def measure_kinds(
    data: EmbeddedData,
    kinds: Sequence[str],
    calibration: Calibration,
    cache: Path | None,
    unaware: Mapping[str, VisibilityEstimator] | None = None,
) -> list[Row]:
    """Return a row a kind of query: figures of each way to choose alpha.

    Args:
        data: Queries and gallery.
        kinds: Kinds of query.
        calibration: The calibration.
        cache: Folder that keeps the similarities; None computes them anew.
        unaware: Kind -> estimator that was fitted without it; the row then tells what it does too.
    """
    section = EmdRerank()
    method = Method(section, section.alpha, section.k)
    metrics = {name: IDENTIFICATION[name] for name in FIGURES}
    faces = data.faces
    comparison = StudyComparison(
        data, [method], rows=faces.query_rows, missed=faces.missed_rows, cache=cache, metrics=metrics
    )
    rows = []
    for kind in kinds:
        ((truth, found),) = comparison.searches(kind, [LEAVE_TWIN_OUT])
        similarity = found.similarity(comparison.stage(method)).values[:, : section.k]
        cosine = found.first.scores[:, : section.k]

        def measure(
            alpha: float | Tensor, truth: Any = truth, first: Any = found.first, similarity: Tensor = similarity
        ) -> dict[str, float]:
            values = truth.values(truth.hits(reorder(first, similarity, alpha)))
            return {name: float(rounded(float(each.double().mean())) or 0.0) for name, each in values.items()}

        rules = {
            "auto": by_scores(found.query, cosine, similarity),
            "calibrated": calibration.alphas_of(found.query),
        }
        if unaware and kind in unaware:
            rules[NEVER_SEEN] = expected_alpha(unaware[kind](found.query).condition, calibration.alphas)
        rows.append({"query": kind, "queries": truth.queries, "missed": truth.failed, **compare_alphas(measure, rules)})
    return rows


def compare_alphas(measure: Measure, rules: Mapping[str, Tensor]) -> Row:
    """Return the figures of each way to choose alpha, in percent, and how the calibrated one stands to the best.

    Args:
        measure: Gives figures of some queries.
        rules: Name of a rule -> its alphas ``(Q,)``; ``calibrated`` among them.
    """
    fixed = {alpha: measure(alpha) for alpha in ALPHAS}
    best = max(fixed, key=lambda alpha: fixed[alpha]["P@1"])
    found = {"stage 1": fixed[0.0], "alpha 0.7": fixed[0.7]}
    found |= {name: measure(alphas) for name, alphas in rules.items()} | {"best fixed": fixed[best]}
    gain = found["best fixed"]["P@1"] - found["stage 1"]["P@1"]
    kept = found["calibrated"]["P@1"] - found["stage 1"]["P@1"]
    return {
        "figures": {name: dict(each) for name, each in found.items()},
        "best alpha": best,
        "mean alpha": round(float(rules["calibrated"].mean()), 4),
        "share of the best gain": round(100 * kept / gain) if gain >= SMALLEST_GAIN else None,
    }


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
def measure_estimator(described: DataDescription, data: EmbeddedData, estimator: VisibilityEstimator) -> Row:
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
def measure_masked(folder: Path, backbone: Backbone, estimator: VisibilityEstimator, cache: Path) -> Row:
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


def goal_counts(rows: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Count the rows in which calibrated alphas do no harm, and those with most of what the best fixed alpha gains.

    Args:
        rows: As :func:`measure_kinds` gives them.
    """

    def harmless(row: Mapping[str, Any], rule: str) -> bool:
        figures = row["figures"]
        return all(figures[rule][name] >= figures["stage 1"][name] - 0.1 for name in FIGURES)

    shares = [row["share of the best gain"] for row in rows if row["share of the best gain"] is not None]
    return {
        "rows": len(rows),
        "within 0.1 point of stage 1 or above": sum(harmless(row, "calibrated") for row in rows),
        "so with auto": sum(harmless(row, "auto") for row in rows),
        "rows with a gain of 1 point": len(shares),
        "at least 90 % of it": sum(share >= 90 for share in shares),
    }
