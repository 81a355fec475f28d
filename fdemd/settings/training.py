"""Sections ``loss``, ``optimizer``, ``batches`` and ``validation`` of a training run."""

from __future__ import annotations

import math
from typing import Annotated, Literal

from pydantic import Field

from fdemd.settings.ranking import Eps
from fdemd.settings.section import Section, Seed, at_least, within

Focal = Literal["none", "per_batch", "per_sample"]
_Scale = Annotated[float, within(lambda value: value > 0, "it must be a number above 0 (usual are 30 and 64)")]
_Cosines = within(lambda value: 0 <= value <= 2, "it is of cosines, from 0 to 2")


class Transport(Section):
    """Section ``loss.transport`` of ``configs/loss/otface.yaml``."""

    weight: Annotated[float, within(lambda value: value >= 0, "it must be 0 (the plain margin loss) or above")]
    warmup: Annotated[int, at_least(0, "it must be 0 or more")]
    hard_margin: Annotated[float, _Cosines]
    margin: Annotated[float, _Cosines]
    plan_detached: bool
    weighting: Literal["uniform", "apc", "apc_raw", "sc", "sc_sim", "norm"]
    eps: Eps
    rounds: Annotated[int, at_least(1, "it must be 1 or more")]


class ScaleHead(Section):
    """Section ``loss.scale_head`` of ``configs/loss/scaleface.yaml``."""

    limit: Annotated[float, within(lambda value: value > 0, "it must be above 0 (published are 32 and 64)")]
    hidden: Annotated[int, at_least(1, "it must be 1 or more (published is 512)")]
    frozen: bool = True


class FocalLoss(Section):
    """What every loss has: how the cross-entropy of its logits is weighed."""

    focal: Focal = "none"
    gamma: Annotated[
        float, within(lambda value: value >= 0, "it must be 0 (cross-entropy) or above (published is 2)")
    ] = 2.0


class _MarginLoss(FocalLoss):
    """What the losses with a margin have, which a second term or a scale of each face can be added to."""

    scale: _Scale = 30.0
    transport: Transport | None = None
    scale_head: ScaleHead | None = None

    @property
    def compares_faces(self) -> bool:
        """Whether a batch must show two faces of each person."""
        return self.transport is not None


class ArcFaceLoss(_MarginLoss):
    """``configs/loss/arcface.yaml``, ``otface.yaml`` and ``scaleface.yaml``."""

    head: Literal["arcface"] = "arcface"
    margin: Annotated[
        float,
        within(
            lambda value: 0 <= value <= math.pi / 2,
            "ArcFace's is an angle in radians, 0 to 1.57 (usual is 0.5, 28.6 degrees)",
        ),
    ] = 0.5
    easy_margin: bool = False


class CosFaceLoss(_MarginLoss):
    """``configs/loss/cosface.yaml``, or either of the others with ``loss.head=cosface``."""

    head: Literal["cosface"] = "cosface"
    margin: Annotated[
        float, within(lambda value: 0 <= value <= 1, "CosFace's is taken from a cosine, 0 to 1 (usual is 0.35)")
    ] = 0.35


class SoftmaxLoss(FocalLoss):
    """``configs/loss/softmax.yaml``."""

    head: Literal["softmax"] = "softmax"

    @property
    def compares_faces(self) -> bool:
        """Whether a batch must show two faces of each person."""
        return False


Loss = Annotated[ArcFaceLoss | CosFaceLoss | SoftmaxLoss, Field(discriminator="head")]

_Rate = within(lambda value: value > 0, "it must be above 0")
_BelowOne = within(lambda value: 0 <= value < 1, "it must be at least 0 and below 1")


class Optimizer(Section):
    """``configs/optimizer/*.yaml``."""

    name: Literal["sgd", "adamw"]
    lr: Annotated[float, _Rate]
    head_lr: Annotated[float, _Rate]
    momentum: Annotated[float, _BelowOne]
    weight_decay: Annotated[float, within(lambda value: value >= 0, "it must be 0 or more")]
    decay_all: bool
    schedule: Literal["cosine", "step", "constant"]
    step_epochs: Annotated[int, at_least(1, "it must be 1 or more")]
    warmup: Annotated[float, _BelowOne]


class Batches(Section):
    """Section ``batches`` of ``configs/train.yaml``."""

    order: Literal["auto", "shuffled", "balanced"]
    people: Annotated[int, at_least(1, "a balanced batch has at least 1 person")]
    block: Annotated[int, at_least(1, "it must be 1 (every row by itself) or more")]


class Validation(Section):
    """Section ``validation`` of ``configs/train.yaml``."""

    people: Annotated[int, at_least(0, "it must be 0 (nobody) or more")]
    seed: Seed
    every: Annotated[int, at_least(1, "it must be 1 step or more")]
