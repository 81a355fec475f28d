"""All settings of a job: what ``configs/evaluate.yaml`` and ``configs/train.yaml`` compose."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import model_validator

from fdemd.errors import InputError
from fdemd.settings.comparing import OpenSet, Study, Table4, Trials
from fdemd.settings.faces import Augment, Data, PairsData
from fdemd.settings.networks import Network, PluginNetwork
from fdemd.settings.normalization import Normalization
from fdemd.settings.plugins import refuse_namesake
from fdemd.settings.queries import QUERY_SECTIONS, Queries
from fdemd.settings.ranking import (
    CALIBRATED,
    METRICS,
    RERANK_SECTIONS,
    CopyKind,
    Features,
    MetricName,
    Protocol,
    Rerank,
    Stage1,
)
from fdemd.settings.running import Logger, Trainer, TrainingTrainer
from fdemd.settings.section import Place, Section, Seed, each_once, refuse, that
from fdemd.settings.training import Batches, Loss, Optimizer, Validation

SECTIONS = {"study": "study", "open_set": "open_set", "table4": "table4", "seeds": "trials"}
"""Jobs that need a section of settings of their own -> its name."""


_COMPARE_BY_FIRST = ("study", "seeds", "table4")
"""Jobs that draw, and tell the gain of, the first of :data:`fdemd.settings.ranking.METRICS`."""
_HAVE_COPIES = ("evaluate", "study")
"""Jobs that may search a gallery enrolled with copies."""


def _check_choices(network: Network, rerank: Rerank, queries: Queries, metrics: list[MetricName]) -> None:
    """Refuse a choice of fdemd's own which an installed package also brings: it would be passed over without a word."""
    try:
        if not isinstance(network, PluginNetwork):
            refuse_namesake("backbones", network.backbone)
        if rerank.method in RERANK_SECTIONS:
            refuse_namesake("rerankers", rerank.method)
        for kind in set(queries) & set(QUERY_SECTIONS):
            refuse_namesake("queries", kind)
        for metric in set(metrics) & set(METRICS):
            refuse_namesake("metrics", metric)
    except InputError as error:
        raise refuse(str(error)) from error


class Evaluate(Section):
    """Settings of ``evaluate.py``; of the last four sections a job has its own, or none."""

    job: Literal["evaluate", "verify", "study", "open_set", "seeds", "table4"]
    model: Network
    data: Data
    query: Queries
    copies: Annotated[list[CopyKind], that(lambda kinds: len(set(kinds)) == len(kinds), "give each kind once")]
    stage1: Stage1
    align: Normalization
    rerank: Rerank
    trainer: Trainer
    logger: Logger
    protocols: Annotated[list[Protocol], that(each_once, "give at least one, each once: protocols=[leave-twin-out]")]
    metrics: Annotated[list[MetricName], that(each_once, "give at least one, each once, such as metrics=[P@1]")]
    legacy_self_count: bool
    seed: Seed
    features: Features
    output: Place
    study: Study | None = None
    open_set: OpenSet | None = None
    table4: Table4 | None = None
    trials: Trials | None = None

    @model_validator(mode="after")
    def _job_has_what_it_needs(self) -> Evaluate:
        for job, section in SECTIONS.items():
            is_given = getattr(self, section) is not None
            if job == self.job and not is_given:
                raise refuse(f"job is {job}, which needs the settings {section}; choose an experiment that has them.")
            if job != self.job and is_given:
                raise refuse(f"job is {self.job}, but the settings {section} are those of {job}; leave job away.")
        has_pairs = isinstance(self.data, PairsData)
        if has_pairs and self.job != "verify":
            raise refuse(
                f"job is {self.job}, which searches a gallery, but data={self.data.name} is a list of pairs for "
                "job=verify; choose other data, or leave job and experiment away."
            )
        if self.job == "verify" and not has_pairs:
            raise refuse(f"job is verify, but data={self.data.name} is no list of pairs; choose data=lfw_pairs, say.")
        return self

    @model_validator(mode="after")
    def _choices_are_of_one_meaning(self) -> Evaluate:
        _check_choices(self.model, self.rerank, self.query, self.metrics)
        return self

    @model_validator(mode="after")
    def _has_the_figure_that_is_compared(self) -> Evaluate:
        first = next(iter(METRICS))
        if self.job in _COMPARE_BY_FIRST and first not in self.metrics:
            raise refuse(
                f"job is {self.job}, which compares by {first}, but metrics are {', '.join(self.metrics)}; add {first} "
                "to metrics."
            )
        return self

    @model_validator(mode="after")
    def _ranks_by_what_is_searched(self) -> Evaluate:
        if self.align.method != "none" and self.stage1.search != "exact":
            raise refuse(
                f"stage1.search is {self.stage1.search}, which ranks by the cosine; normalized cosines need "
                "stage1=exact, or align=none."
            )
        plain = self.align.method == "none" and self.stage1.search == "exact"
        if self.copies and not (plain and self.job in _HAVE_COPIES):
            raise refuse(
                "A gallery enrolled with copies is searched by the jobs evaluate and study, by the plain cosine of "
                "every face; leave copies away, or job, align and stage1."
            )
        return self


class Train(Section):
    """Settings of ``train.py``."""

    job: Literal["train"]
    model: Network
    data: Data
    loss: Loss
    optimizer: Optimizer
    query: Queries
    rerank: Rerank
    trainer: TrainingTrainer
    logger: Logger
    augment: Augment
    batches: Batches
    validation: Validation
    resume: Place | None
    seed: Seed
    output: Place

    @model_validator(mode="after")
    def _choices_are_of_one_meaning(self) -> Train:
        _check_choices(self.model, self.rerank, self.query, [])
        return self

    @model_validator(mode="after")
    def _needs_no_calibration(self) -> Train:
        if getattr(self.rerank, "alpha", None) == CALIBRATED:
            raise refuse(
                "rerank.alpha is calibrated, and a network that is being trained has no calibration; use "
                "rerank.alpha=auto here, and fdemd calibrate once it is trained."
            )
        if getattr(self.rerank, "sees_covers", False):
            raise refuse(
                "rerank.visible needs a calibration, and a network that is being trained has none; use "
                "rerank.visible=ignored here, and fdemd calibrate once it is trained."
            )
        return self

    @model_validator(mode="after")
    def _ends(self) -> Train:
        if self.trainer.max_steps < 0 and self.trainer.max_epochs < 0:
            raise refuse("The run would never end; set trainer.max_steps or trainer.max_epochs.")
        return self


SCHEMAS: dict[str, type[Section]] = {"evaluate": Evaluate, "train": Train}
"""By the name of the primary config that composes them."""
