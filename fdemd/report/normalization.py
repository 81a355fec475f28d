"""What the reports say about score normalization."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fdemd.embedding.normalization import FittedNormalization
from fdemd.files.user_paths import expand_home
from fdemd.settings.normalization import COHORT, LEARNED, SNORM, VIRTUAL


def normalization_note(normalization: FittedNormalization) -> str:
    """Return how cosines were normalized, by whom, and how good an estimator is, in sentences."""
    settings = normalization.settings
    people = f"{normalization.photographs} photographs of {normalization.people} other people"
    rule = settings.support_rule.in_words
    what = "mean and deviation" if settings.method == SNORM else "mean"
    taken = {
        COHORT: f"the {what} of the cosines to {rule} among {people}",
        VIRTUAL: f"the {what} of the cosines to {rule} among {people} and {settings.virtual} virtual "
        f"faces ({settings.generator})",
        LEARNED: f"an estimate of the {what} of the cosines to {rule} among other people",
    }[settings.support]
    where = ""
    if normalization.people:
        kind = "who left queries and gallery" if settings.manifest is None else f"of {Path(settings.manifest).name}"
        where = f" Cohort: {normalization.people} people {kind}, {len(normalization.left_out)} of its files left out."
    return (
        f"Cosines are normalized ({settings.in_words}) by {taken}, wherever a table does not say cosine alone.{where}"
        f"{_estimator_note(normalization)}"
    )


def _estimator_note(normalization: FittedNormalization) -> str:
    if normalization.estimator is None:
        return ""
    note = f" The estimator has the sha256 {normalization.estimator.sha256}."
    if error := normalization.error:
        note += (
            f" Its mean absolute error on {error.faces} faces of the test is {error.estimator:.4f}, that of always "
            f"saying the mean of its cohort {error.constant:.4f}."
        )
    return note


def normalization_facts(normalization: FittedNormalization | None) -> dict[str, Any] | None:
    """Return the same as plain values; None without score normalization."""
    if normalization is None:
        return None
    settings = normalization.settings
    files = {name: getattr(settings, name) for name in ("manifest", "root", "estimator")}
    return {
        **{name: getattr(settings, name) for name in ("method", "strength", "support")},
        "rule": settings.support_rule.model_dump(),
        **{name: getattr(settings, name) for name in ("generator", "virtual", "people")},
        **{name: path and str(expand_home(path)) for name, path in files.items()},
        "cohort": {
            "people": normalization.people,
            "photographs": normalization.photographs,
            "left_out": len(normalization.left_out),
        },
        "estimator_sha256": normalization.estimator.sha256 if normalization.estimator else None,
        "mean_absolute_error": normalization.error._asdict() if normalization.error else None,
    }
