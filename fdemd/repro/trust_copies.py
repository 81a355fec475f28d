"""What copies of the gallery's faces add: the same queries with and without, and told by an oracle."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch.nn.functional import one_hot

from fdemd.embedding.copies import LIKE
from fdemd.embedding.data import EmbeddedData
from fdemd.features import Features
from fdemd.repro.trust_measure import Row, figures_of, measure_kinds, searches_of
from fdemd.repro.trust_page import COPIES, ORACLE
from fdemd.repro.trust_rules import always
from fdemd.retrieval.copies import Copies
from fdemd.visibility.calibration import Calibration
from fdemd.visibility.conditions import CONDITIONS
from fdemd.visibility.estimator import Visibility

COPIED = ("clean", *LIKE)
"""Kinds of query that are measured with copies."""
UNLIKE = ("query.mask.kinds=[cloth]", "query.sunglass.styles=[sport]")
"""Words that choose masks and glasses of kinds that no copy has."""


def copies_words(calibration: Path) -> list[str]:
    """Return the words of the command line that enrol copies of every kind.

    Args:
        calibration: File whose estimator tells which queries are covered alike.
    """
    return [f"copies=[{','.join(LIKE)}]", f"rerank.calibration={calibration}", *UNLIKE]


def measure_copies(data: EmbeddedData, calibration: Calibration, cache: Path | None) -> list[Row]:
    """Return a row a kind of query: stage 1 and calibrated alphas in the gallery as it is, and in one with copies.

    Args:
        data: Queries, and a gallery enrolled with copies.
        calibration: Chooses alpha; found in a gallery without copies.
        cache: Folder that keeps the similarities to the gallery as it is.
    """
    rules = {"calibrated": always(calibration)}
    plain = measure_kinds(replace(data, copies=None), COPIED, rules, cache)
    copied = measure_kinds(data, COPIED, rules, None)
    rows = []
    for without, with_copies in zip(plain, copied, strict=True):
        kind = without["query"]
        figures = {way: without["figures"][way] for way in ("stage 1", "calibrated")}
        figures |= {f"{COPIES}, {way}": with_copies["figures"][way] for way in ("stage 1", "calibrated", "best fixed")}
        figures[f"{COPIES}, {ORACLE}"] = _told(data, kind)
        rows.append({"query": kind, "queries": without["queries"], "figures": figures})
    return rows


@torch.inference_mode()
def _told(data: EmbeddedData, kind: str) -> Mapping[str, Any]:
    """Figures of stage 1 if the condition of every query is known, and not estimated."""
    assert data.copies is not None
    place = CONDITIONS.index(LIKE.get(kind, "clean"))

    def oracle(query: Features) -> Visibility:
        known = one_hot(torch.full((len(query),), place), len(CONDITIONS)).float()
        return Visibility(torch.ones(query.patches.shape[:2]), known)

    ((truth, found),) = searches_of(replace(data, copies=Copies(data.copies.galleries, oracle)), [], None)(kind)
    return figures_of(truth, found.first)
