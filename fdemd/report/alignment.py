"""What the reports say about the alignment of cosines."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from fdemd.embedding.normalization import ScoreAlignment
from fdemd.score_normalization.settings import COHORT, LEARNED, SNORM, VIRTUAL


def alignment_note(alignment: ScoreAlignment) -> str:
    """Return in sentences how cosines were aligned, by whom, and how good an estimator is."""
    settings, people = alignment.settings, f"{alignment.photographs} photographs of {alignment.people} other people"
    what = "mean and deviation" if settings.method == SNORM else "mean"
    taken = {
        COHORT: f"the {what} of the cosines to {settings.rule.in_words} among {people}",
        VIRTUAL: f"the {what} of the cosines to {settings.rule.in_words} among {people} and {settings.virtual} virtual "
        f"faces ({settings.generator})",
        LEARNED: f"an estimate of the {what} of the cosines to {settings.rule.in_words} among other people",
    }[settings.support]
    where = ""
    if alignment.people:
        kind = "who left queries and gallery" if settings.manifest is None else f"of {settings.manifest.name}"
        where = f" Cohort: {alignment.people} people {kind}, {len(alignment.left_out)} of its files left out."
    return (
        f"Cosines are aligned ({settings.in_words}) by {taken}, wherever a table does not say cosine alone.{where}"
        f"{_estimator_note(alignment)}"
    )


def _estimator_note(alignment: ScoreAlignment) -> str:
    if alignment.estimator is None:
        return ""
    note = f" The estimator has the sha256 {alignment.estimator.sha256}."
    if error := alignment.error:
        note += (
            f" Its mean absolute error on {error.faces} faces of the test is {error.estimator:.4f}, that of always "
            f"saying the mean of its cohort {error.constant:.4f}."
        )
    return note


def alignment_facts(alignment: ScoreAlignment | None) -> dict[str, Any] | None:
    """Return the same as plain values; None without alignment."""
    if alignment is None:
        return None
    settings = asdict(alignment.settings)
    settings |= {name: settings[name] and str(settings[name]) for name in ("manifest", "root", "estimator")}
    return settings | {
        "cohort": {
            "people": alignment.people,
            "photographs": alignment.photographs,
            "left_out": len(alignment.left_out),
        },
        "estimator_sha256": alignment.estimator.sha256 if alignment.estimator else None,
        "mean_absolute_error": alignment.error._asdict() if alignment.error else None,
    }
