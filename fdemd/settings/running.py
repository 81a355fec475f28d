"""Sections ``trainer`` and ``logger``: on what a run computes, and where its figures go."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from fdemd.settings.section import Section, Text, at_least, is_whole, takes, that, within

_NO_LIMIT = "nothing would be trained. Give 1 or more, or -1 for no such limit"


class Trainer(Section):
    """``configs/trainer/*.yaml``, as Lightning's Trainer takes them."""

    accelerator: Text
    precision: Literal["32-true", "16-mixed", "bf16-mixed"]
    """Weights stay in float32: with others a state could not be gone on with, and later steps meet other numbers."""
    strategy: Text = "auto"
    devices: Annotated[
        Any,
        takes(
            lambda value: is_whole(value) or isinstance(value, str) or _whole_numbers(value),
            "a number of devices, a list of theirs, or auto",
        ),
    ] = "auto"
    num_nodes: Annotated[int, at_least(1, "it must be 1 or more")] = 1
    sync_batchnorm: bool = False


def _whole_numbers(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(map(is_whole, value))


class TrainingTrainer(Trainer):
    """The same with what ``configs/train.yaml`` adds."""

    max_steps: Annotated[int, that(lambda steps: steps == -1 or 0 < steps < 2**31, _NO_LIMIT)]
    max_epochs: Annotated[int, that(lambda epochs: epochs == -1 or 0 < epochs < 2**31, _NO_LIMIT)]
    gradient_clip_val: Annotated[float, within(lambda value: value >= 0, "it must be 0 (no limit) or above")]
    accumulate_grad_batches: Annotated[int, at_least(1, "it must be 1 or more")]
    save_every: Annotated[int, at_least(1, "it must be 1 step or more")]


class Logger(Section):
    """``configs/logger/*.yaml``."""

    kind: Literal["auto", "csv", "none", "tensorboard", "wandb"]
    project: Text = ""
    entity: Text | None = None
    group: Text | None = None
    tags: list[Text] = Field(default_factory=list)
    offline: bool = False
    log_images: bool = False
