"""The settings of score alignment, as in ``configs/align``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from fdemd.errors import InputError, unknown
from fdemd.files.user_paths import expand_home
from fdemd.score_normalization.support import SupportRule
from fdemd.score_normalization.virtual import check_generator

IDA, SNORM, NONE = "ida", "snorm", "none"
COHORT, VIRTUAL, LEARNED = "cohort", "virtual", "learned"
SUPPORTS = (COHORT, VIRTUAL, LEARNED)


@dataclass(frozen=True)
class AlignSettings:
    """How cosines are aligned. Checked when made (InputError).

    Attributes:
        method: ``ida`` (DAO) or ``snorm``.
        strength: 0 leaves the cosines as they are.
        support: where support sets come from: the ``cohort``, the cohort with ``virtual`` faces, or a ``learned``
            estimator of the discrepancy.
        rule: which faces they have.
        generator: of virtual faces.
        virtual: their number.
        people: of the data who become the cohort, drawn by the seed; 0 takes nobody.
        manifest: of a cohort of its own instead.
        root: folder that the paths in it are relative to; None is the folder of the manifest.
        estimator: file of an estimator that was trained before; None trains one.
    """

    method: str = IDA
    strength: float = 0.5
    support: str = COHORT
    rule: SupportRule = field(default_factory=SupportRule)
    generator: str = "interpolated"
    virtual: int = 1000
    people: int = 20
    manifest: Path | None = None
    root: Path | None = None
    estimator: Path | None = None

    def __post_init__(self) -> None:
        largest = 1 if self.method == SNORM else float("inf")
        if not 0 <= self.strength <= largest or self.strength == float("inf"):
            span = "between 0 (cosine) and 1 (normalised alone)" if self.method == SNORM else "0 (cosine) or more"
            raise InputError(f"align.strength is {self.strength}; it must be {span}.")
        if self.support not in SUPPORTS:
            raise unknown("support (align.support)", self.support, SUPPORTS)
        check_generator(self.generator)
        if self.virtual < 1:
            raise InputError(f"align.virtual is {self.virtual}; at least 1 virtual face must be made.")
        if self.people < 0:
            raise InputError(f"align.people is {self.people}; it must be 0 (nobody of the data) or more.")
        if self.method == SNORM and self.support == LEARNED:
            raise InputError(
                "align=snorm takes no align.support=learned: the estimator gives a mean, and s-norm needs the "
                "deviation too; use align=ida, or align.support=cohort."
            )
        if self.method == SNORM and self.rule.smallest < 2:
            raise InputError(
                "With align=snorm a support set needs 2 faces at least, to have a deviation; raise "
                f"align.{'size' if self.rule.rule == 'topk' else 'least'}."
            )
        if self.estimator is not None and self.support != LEARNED:
            raise InputError("align.estimator is for align.support=learned; add that, or leave the file away.")
        if self.root is not None and self.manifest is None:
            raise InputError("align.root is the folder of align.manifest; give both, or neither.")
        if not self.people and self.manifest is None and self.estimator is None:
            raise InputError("There is no cohort; give align.people=20 or align.manifest=FILE.csv.")

    @property
    def in_words(self) -> str:
        """``ida (virtual), strength 0.5``: short, for titles and tables."""
        support = "" if self.support == COHORT else f" ({self.support})"
        return f"{self.method}{support}, strength {self.strength:g}"


def align_settings(section: Mapping[str, Any]) -> AlignSettings | None:
    """Settings as ``configs/align`` has them; None for ``align=none``.

    Raises:
        InputError: unknown method or a setting out of range.
    """
    given = dict(section)
    method = given.pop("method")
    if method not in (IDA, SNORM, NONE):
        raise unknown("alignment of scores (align)", method, (IDA, SNORM, NONE))
    if method == NONE:
        return None
    rule = SupportRule(**{each.name: given.pop(each.name) for each in fields(SupportRule)})
    for name in ("manifest", "root", "estimator"):
        given[name] = None if given[name] is None else expand_home(given[name])
    return AlignSettings(method, rule=rule, **given)
