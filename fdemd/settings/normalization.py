"""Section ``align``: how cosines are normalized by what each face has in common with strangers."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from fdemd.settings.section import Place, Section, Text, at_least, refuse, within

IDA, SNORM = "ida", "snorm"
"""Methods: inter-class discrepancy alignment, and the baseline of symmetric score normalization."""
COHORT, VIRTUAL, LEARNED = "cohort", "virtual", "learned"
"""Where support sets come from."""
TOPK, CAP, RELATIVE = "topk", "cap", "relative"
"""Which faces of a cohort are a support set."""

_RuleName = Literal["topk", "cap", "relative"]
_Size = Annotated[int, at_least(1, "a support set has at least 1 face")]
_Tau = Annotated[float, within(lambda value: -1 <= value <= 1, "it is a cosine and must lie between -1 and 1")]
_Delta = Annotated[float, within(lambda value: 0 <= value <= 2, "it is a difference of cosines, between 0 and 2")]


class SupportRule(Section):
    """Which faces of a cohort are the support set of a face.

    A cohort that has fewer faces than are asked for is the support set as a whole.

    Attributes:
        rule: ``topk`` takes the ``size`` nearest; ``cap`` those with a cosine of ``tau`` or more; ``relative`` those
            whose cosine is at most ``delta`` below that of the nearest.
        size: Number of faces that ``topk`` takes.
        tau: Smallest cosine that ``cap`` takes, in [-1, 1].
        delta: Largest difference to the nearest cosine that ``relative`` takes, in [0, 2].
        least: Number of nearest faces that ``cap`` and ``relative`` always take.
        most: Number of nearest faces beyond which ``cap`` and ``relative`` take none.

    Example:
        >>> SupportRule(rule="cap", tau=0.4).in_words
        'the nearest with 0.4 or more (5 to 100)'
    """

    rule: _RuleName = "topk"
    size: _Size = 30
    tau: _Tau = 0.5
    delta: _Delta = 0.1
    least: _Size = 5
    most: _Size = 100

    @model_validator(mode="after")
    def _least_up_to_most(self) -> SupportRule:
        if problem := _crossed(self.least, self.most):
            raise problem
        return self

    @property
    def largest(self) -> int:
        """Number of faces that no support set exceeds."""
        return self.size if self.rule == TOPK else self.most

    @property
    def smallest(self) -> int:
        """Number of faces that every support set has, if the cohort is large enough."""
        return self.size if self.rule == TOPK else self.least

    @property
    def in_words(self) -> str:
        """The rule in a few words, such as ``the 30 nearest``."""
        if self.rule == TOPK:
            return f"the {self.size} nearest"
        limit = f"with {self.tau:g} or more" if self.rule == CAP else f"up to {self.delta:g} below that to the nearest"
        return f"the nearest {limit} ({self.least} to {self.most})"


class NoNormalization(Section):
    """``configs/align/none.yaml``: faces are compared by the cosine of their embeddings as it is."""

    method: Literal["none"]


class ScoreNormalization(Section):
    """``configs/align/ida.yaml`` and ``snorm.yaml``.

    Attributes:
        method: ``ida`` or ``snorm``.
        strength: How much of the normalization is applied; 0 leaves the cosines as they are.
        support: Where support sets come from: the ``cohort``, the cohort with ``virtual`` faces, or a ``learned``
            estimator of a face's mean cosine to its support set.
        rule: Name of the rule of :attr:`support_rule`; ``size`` to ``most`` are its other settings.
        generator: How virtual faces are made.
        virtual: Number of virtual faces.
        people: Number of people of the data, drawn by the seed, who become the cohort; 0 takes nobody.
        manifest: CSV file of a cohort of other people, which takes their place.
        root: Folder that the paths in the manifest are relative to; None is the folder of the manifest.
        estimator: File of an estimator that was trained before; None trains one.
    """

    method: Literal["ida", "snorm"] = "ida"
    strength: Annotated[float, within(lambda value: value >= 0, "it must be 0 (cosine) or more")] = 0.5
    support: Literal["cohort", "virtual", "learned"] = "cohort"
    rule: _RuleName = "topk"
    size: _Size = 30
    tau: _Tau = 0.5
    delta: _Delta = 0.1
    least: _Size = 5
    most: _Size = 100
    generator: Literal["interpolated", "perturbed"] = "interpolated"
    virtual: Annotated[int, at_least(1, "at least 1 virtual face must be made")] = 1000
    people: Annotated[int, at_least(0, "it must be 0 (nobody of the data) or more")] = 20
    manifest: Text | None = None
    root: Place | None = None
    estimator: Text | None = None

    @model_validator(mode="after")
    def _fit_together(self) -> ScoreNormalization:
        if problem := _crossed(self.least, self.most):
            raise problem
        if self.method == SNORM:
            self._check_snorm()
        if self.estimator is not None and self.support != LEARNED:
            raise refuse("align.estimator is for align.support=learned; add that, or leave the file away.")
        if self.root is not None and self.manifest is None:
            raise refuse("align.root is the folder of align.manifest; give both, or neither.")
        if not self.people and self.manifest is None and self.estimator is None:
            raise refuse("There is no cohort; give align.people=20 or align.manifest=FILE.csv.")
        return self

    def _check_snorm(self) -> None:
        if self.strength > 1:
            raise refuse(
                f"align.strength is {self.strength:g}; it must be between 0 (cosine) and 1 (normalized alone)."
            )
        if self.support == LEARNED:
            raise refuse(
                "align=snorm takes no align.support=learned: the estimator gives a mean, and s-norm needs the "
                "deviation too; use align=ida, or align.support=cohort."
            )
        if self.support_rule.smallest < 2:
            raise refuse(
                "With align=snorm a support set needs 2 faces at least, to have a deviation; raise "
                f"align.{'size' if self.rule == TOPK else 'least'}."
            )

    @property
    def support_rule(self) -> SupportRule:
        """Which faces of the cohort are the support set of a face."""
        return SupportRule(**{name: getattr(self, name) for name in SupportRule.model_fields})

    @property
    def in_words(self) -> str:
        """The normalization in a few words for titles and tables, such as ``ida (virtual), strength 0.5``."""
        support = "" if self.support == COHORT else f" ({self.support})"
        return f"{self.method}{support}, strength {self.strength:g}"


Normalization = Annotated[NoNormalization | ScoreNormalization, Field(discriminator="method")]


def _crossed(least: int, most: int) -> PydanticCustomError | None:
    """The error for limits of a support set's size that contradict each other."""
    if least <= most:
        return None
    return refuse(
        f"align.least is {least} and align.most {most}; a support set has at least 1 face, and no more at least than "
        "at most."
    )
