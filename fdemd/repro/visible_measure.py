"""What it gains to tell the transport what is covered: chosen on one half of LFW's people, judged on the other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from fdemd.embedding.covers import CoveredFaces
from fdemd.report.cells import rounded
from fdemd.repro.trust_measure import measure_kinds
from fdemd.repro.trust_part import SEED, Part
from fdemd.repro.trust_rules import always
from fdemd.repro.visible_page import CHOSEN, WAYS
from fdemd.scoring.calibration import said_by_others
from fdemd.scoring.covered_search import CoveredSearch, search_covered
from fdemd.settings.ranking import EmdRerank
from fdemd.visibility.calibration import Calibration
from fdemd.visibility.trust import ALPHAS, FIGURES

FITTED_KINDS = ("clean", "mask", "sunglass", "crop", "scarf", "hand")
"""Covers that the form is chosen on."""
KINDS = ("clean", "mask", "sunglass", "crop")
"""Kinds of query that it is judged on."""

Row = dict[str, Any]


@torch.inference_mode()
def compare_ways(part: Part, covered: CoveredFaces) -> list[Row]:
    """Return a row a kind of cover: the best fixed alpha of each way to treat covered patches.

    What is covered is told by an estimator that was fitted on other people, or known from the changed pixels.

    Args:
        part: Photographs that are gallery, too.
        covered: The same, clean and with drawn covers, as :meth:`Part.covered` gives them.
    """
    with torch.inference_mode(False):
        said = said_by_others(covered, SEED).visible
    (chosen,) = torch.tensor([kind in FITTED_KINDS for kind in covered.kinds]).nonzero(as_tuple=True)
    gallery, labels = part.data.gallery()
    told = {"ignored": said, "estimated": said, "known": covered.truth.visible.clamp(0, 1)}
    rows: dict[str, Row] = {}
    for name, (visible, source) in WAYS.items():
        asked = covered[chosen]
        asked = replace(asked, features=asked.features.seen(told[source][chosen]))
        enrolled = gallery.seen(told[source][: len(gallery)])  # the clean photographs come first
        rerank = EmdRerank(visible=visible)
        searched = search_covered(asked, enrolled, labels, rerank, backbone=part.data.backbone)
        for kind, (queries, found) in _best_alphas(searched).items():
            row = rows.setdefault(kind, {"query": kind, "queries": queries, "figures": {}, "best alpha": {}})
            row["figures"]["stage 1"] = found[0.0]
            best = max(found, key=lambda alpha: tuple(found[alpha].values()))
            row["figures"][name], row["best alpha"][name] = found[best], best
    return [rows[kind] for kind in FITTED_KINDS if kind in rows]


def _best_alphas(searched: CoveredSearch) -> dict[str, tuple[int, dict[float, dict[str, float]]]]:
    """Kind -> number of queries, and alpha -> P@1 and RP in percent."""
    kinds = [searched.faces.kinds[number] for number in searched.asked.tolist()]
    places = {kind: torch.tensor([each == kind for each in kinds]) for kind in dict.fromkeys(kinds)}
    measured = {alpha: searched.measure(torch.full((len(kinds),), alpha)) for alpha in ALPHAS}
    return {
        kind: (int(inside.sum()), {alpha: _percent(values, inside) for alpha, values in measured.items()})
        for kind, inside in places.items()
    }


def _percent(values: Mapping[str, Tensor], inside: Tensor) -> dict[str, float]:
    return {name: float(rounded(float(values[name][inside].double().mean())) or 0.0) for name in FIGURES}


def judge_chosen(part: Part, calibration: Calibration, cache: Path | None) -> list[Row]:
    """Return a row a kind of query: calibrated and best fixed alphas with every patch alike, and the chosen way.

    Args:
        part: People whom neither calibration nor choice ever saw.
        calibration: The one that came with fdemd for the network.
        cache: Folder that keeps the similarities.
    """
    rules = {"calibrated": always(calibration)}
    sections = EmdRerank(), EmdRerank(visible=CHOSEN)
    alike, chosen = (measure_kinds(part.data, KINDS, rules, cache, section) for section in sections)
    rows = []
    for before, after in zip(alike, chosen, strict=True):
        figures = {"stage 1": before["figures"]["stage 1"]}
        figures |= {f"calibrated, {name}": row["figures"]["calibrated"] for name, row in _named(before, after)}
        figures |= {f"best fixed, {name}": row["figures"]["best fixed"] for name, row in _named(before, after)}
        best = {name: row["best alpha"] for name, row in _named(before, after)}
        rows.append({"query": before["query"], "queries": before["queries"], "figures": figures, "best alpha": best})
    return rows


def _named(before: Row, after: Row) -> tuple[tuple[str, Row], ...]:
    return ("alike", before), (CHOSEN, after)
