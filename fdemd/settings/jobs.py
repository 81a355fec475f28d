"""All settings of a job: what ``configs/evaluate.yaml`` and ``configs/train.yaml`` compose."""

from __future__ import annotations

from typing import Annotated

from pydantic import model_validator

from fdemd.settings.comparing import OpenSet, Study, Table4, Trials
from fdemd.settings.faces import Augment, Data
from fdemd.settings.networks import Network
from fdemd.settings.normalization import Normalization
from fdemd.settings.queries import Queries
from fdemd.settings.ranking import Features, Protocol, Rerank, Stage1
from fdemd.settings.running import Logger, Trainer, TrainingTrainer
from fdemd.settings.section import Section, Seed, Text, refuse, that
from fdemd.settings.training import Batches, Loss, Optimizer, Validation


class Evaluate(Section):
    """Settings of ``evaluate.py``; at most one of the last four makes another job of it."""

    model: Network
    data: Data
    query: Queries
    stage1: Stage1
    align: Normalization
    rerank: Rerank
    trainer: Trainer
    logger: Logger
    protocols: Annotated[list[Protocol], that(bool, "give at least one, such as protocols=[leave-twin-out]")]
    legacy_self_count: bool
    seed: Seed
    features: Features
    output: Text
    study: Study | None = None
    open_set: OpenSet | None = None
    table4: Table4 | None = None
    trials: Trials | None = None

    @model_validator(mode="after")
    def _ranks_by_what_is_searched(self) -> Evaluate:
        if self.align.method != "none" and self.stage1.search != "exact":
            raise refuse(
                f"stage1.search is {self.stage1.search}, which ranks by the cosine; normalized cosines need "
                "stage1=exact, or align=none."
            )
        return self


class Train(Section):
    """Settings of ``train.py``."""

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
    resume: Text | None
    seed: Seed
    output: Text

    @model_validator(mode="after")
    def _ends(self) -> Train:
        if self.trainer.max_steps < 0 and self.trainer.max_epochs < 0:
            raise refuse("The run would never end; set trainer.max_steps or trainer.max_epochs.")
        return self


JOBS: dict[str, type[Section]] = {"evaluate": Evaluate, "train": Train}
"""By the name of the configuration that composes them."""
