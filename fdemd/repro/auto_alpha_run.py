"""Fits the rule of ``alpha=auto`` on half of LFW's people and measures it on the others and on the AT&T faces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from torch import Tensor

from fdemd.report.cells import rounded
from fdemd.repro.auto_alpha_answers import ATT, LFW, SECOND_STAGES, Answers, collect_answers, describe_networks
from fdemd.repro.auto_alpha_fit import SETTINGS, WEIGHTS, fit_rule
from fdemd.retrieval.auto_alpha import Rule, auto_alpha
from fdemd.retrieval.protocol import LEAVE_TWIN_OUT
from fdemd.runs.files import versions

ALPHAS = tuple(number / 10 for number in range(11))
"""Fixed weights of the second stage, to compare with."""
SEED = 0
"""Seed of the draw of people and of the start of the fit."""
_CLEAN_COUNTS = 3.0
"""How much clean queries count in the fit; every other kind counts 1."""
_SMALLEST_GAIN = 0.0005
"""Gain of the best fixed alpha over stage 1 below which a share of it says nothing."""


def fit_auto_alpha(prepared: Path, weights: Path) -> dict[str, Any]:
    """Fit the rule and measure it.

    Features and similarities are kept in the cache, those of an earlier run are used.

    Args:
        prepared: Folder of the aligned sets of LFW.
        weights: Folder of the networks' weight files.

    Returns:
        The rule and its figures as plain values, as JSON can hold them.

    Raises:
        InputError: A file is missing or cannot be used.
    """
    networks = describe_networks(prepared, weights)
    answers: list[Answers] = []
    described = []
    for number, point in enumerate(networks, start=1):
        print(f"step {number}/{len(networks)}: {point.network} on {point.data}", flush=True)
        found, facts = collect_answers(point, SEED)
        answers += found
        described.append({"data": point.data, "network": point.network, **facts})
    answers.sort(key=lambda each: (each.data == ATT, SECOND_STAGES.index(each.stage)))
    fitted = [each for each in answers if each.data == LFW and each.stage.fitted]
    fit = fit_rule([(each.shortlists[each.fitted], _counts(each.kind)) for each in fitted], SEED)
    rows = [held_out_row(each, fit.rule) for each in answers]
    return {
        "written": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "command": "python -m fdemd.repro.auto_alpha --lfw DIR --weights DIR",
        "rule": rule_facts(fit.rule),
        "fit": {
            "data": f"{LFW}, half of the people",
            "queries a kind": int(fitted[0].fitted.sum()),
            "queries that the weight decides": fit.queries,
            "kinds and how much each counts": {each.kind: _counts(each.kind) for each in fitted},
            "second stages": [
                f"{each.network}, {each.patches}, {each.weighting}" for each in SECOND_STAGES if each.fitted
            ],
            "weights tried": WEIGHTS,
            **SETTINGS,
            "seed": SEED,
        },
        "measured on": described,
        "protocol": f"{LEAVE_TWIN_OUT}; clean queries leave-one-out",
        "unit": "P@1 in percent, of people that the rule was not fitted on; the gallery holds everyone",
        "versions": versions(),
        "goal": goal_counts(rows),
        "held out": rows,
    }


def _counts(kind: str) -> float:
    """How much the mean success of a kind of query counts in the fit."""
    return _CLEAN_COUNTS if kind == "clean" else 1.0


def rule_facts(rule: Rule) -> dict[str, Any]:
    """Return a rule as plain values."""
    return {"bias": rule.bias, "statistics": {name: term._asdict() for name, term in rule.terms.items()}}


def held_out_row(answers: Answers, rule: Rule) -> dict[str, Any]:
    """Return figures of the queries whose people were not fitted on; those without a face count as wrong.

    Args:
        answers: Answers of one second stage to one kind of query.
        rule: The rule of ``alpha=auto``.
    """
    shortlists = answers.shortlists[~answers.fitted]
    queries = len(shortlists) + answers.missed

    def right(alpha: Tensor | float) -> float:
        return int(shortlists.right(alpha).sum()) / queries

    fixed = [right(alpha) for alpha in ALPHAS]
    auto = right(auto_alpha(shortlists.cosine, shortlists.similarity, rule)[:, None])
    gain = max(fixed) - fixed[0]
    return {
        "data": answers.data,
        "network": answers.stage.network,
        "patches": answers.stage.patches,
        "weighting": answers.stage.weighting,
        "in the fit": answers.stage.fitted,
        "query": answers.kind,
        "queries": queries,
        "missed": answers.missed,
        "stage 1": rounded(fixed[0]),
        "alpha 0.7": rounded(fixed[ALPHAS.index(0.7)]),
        "best fixed": rounded(max(fixed)),
        "best alpha": ALPHAS[fixed.index(max(fixed))],
        "auto": rounded(auto),
        "share of the best gain": round(100 * (auto - fixed[0]) / gain) if gain > _SMALLEST_GAIN else None,
    }


def goal_counts(rows: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Count the rows in which ``alpha=auto`` does no harm, and those with most of what the best fixed alpha gains.

    Args:
        rows: As :func:`held_out_row` gives them.
    """
    shares = [row["share of the best gain"] for row in rows if row["share of the best gain"] is not None]
    return {
        "rows": len(rows),
        "within 0.1 point of stage 1 or above": sum(row["auto"] >= row["stage 1"] - 0.1 for row in rows),
        "rows with a gain": len(shares),
        "at least 90 % of it": sum(share >= 90 for share in shares),
    }
