"""Optimizer and learning rate of a training run, as ``configs/optimizer`` describes them."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from torch import nn
from torch.optim import SGD, AdamW, Optimizer

from fdemd.errors import InputError, unknown

OPTIMIZERS = ("sgd", "adamw")
SCHEDULES = ("cosine", "step", "constant")
_STEP_FACTOR = 0.1


@dataclass(frozen=True)
class OptimizerSettings:
    """Settings of ``configs/optimizer/*.yaml``; each is explained there. Checked when made (InputError)."""

    name: str
    lr: float
    head_lr: float
    momentum: float
    weight_decay: float
    decay_all: bool
    schedule: str
    step_epochs: int
    warmup: float

    def __post_init__(self) -> None:
        if self.name not in OPTIMIZERS:
            raise unknown("optimizer", self.name, OPTIMIZERS)
        if self.schedule not in SCHEDULES:
            raise unknown("schedule", self.schedule, SCHEDULES)
        for name in ("lr", "head_lr"):
            if not 0 < getattr(self, name) < math.inf:
                raise InputError(f"optimizer.{name} is {getattr(self, name)}; it must be above 0.")
        for name in ("momentum", "warmup"):
            if not 0 <= getattr(self, name) < 1:
                raise InputError(f"optimizer.{name} is {getattr(self, name)}; it must be at least 0 and below 1.")
        if not 0 <= self.weight_decay < math.inf:
            raise InputError(f"optimizer.weight_decay is {self.weight_decay}; it must be 0 or more.")
        if self.step_epochs < 1:
            raise InputError(f"optimizer.step_epochs is {self.step_epochs}; it must be 1 or more.")


def build_optimizer(
    settings: OptimizerSettings, backbone: nn.Module, head: nn.Module, *, frozen: bool = False
) -> Optimizer:
    """The optimizer of everything in both modules that can be trained.

    Args:
        settings: of it.
        backbone: the network.
        head: what is trained along with it.
        frozen: the network is meant to stay as it is.

    Raises:
        InputError: nothing in the backbone can be trained although it is meant to be.
    """
    groups = [
        {
            "name": name if decayed else f"{name} without decay",
            "params": chosen,
            "lr": settings.lr * factor,
            "weight_decay": settings.weight_decay if decayed else 0.0,
        }
        for name, module, factor in (("backbone", backbone, 1.0), ("head", head, settings.head_lr))
        for decayed in (True, False)
        if (chosen := [p for p in module.parameters() if p.requires_grad and decayed == _decays(p, settings)])
    ]
    if not frozen and not any(parameter.requires_grad for parameter in backbone.parameters()):
        raise InputError("This model has nothing to train; choose one that PyTorch runs, such as model=arcface.")
    if settings.name == "sgd":
        return SGD(groups, momentum=settings.momentum)
    return AdamW(groups, betas=(settings.momentum, 0.999))


def _decays(parameter: nn.Parameter, settings: OptimizerSettings) -> bool:
    """Whether weight decay pulls at a parameter: norms, biases and slopes have one number a channel, or one in all."""
    return settings.decay_all or parameter.ndim > 1


def learning_rate_factor(settings: OptimizerSettings, steps: int, steps_an_epoch: int) -> Callable[[int], float]:
    """Step of the optimizer (from 0) -> what its learning rates are multiplied by.

    Args:
        settings: which schedule, and the share of the run that warms up (linearly, its last step at the full rate).
        steps: of the whole run.
        steps_an_epoch: for ``step``.
    """
    warmup = round(settings.warmup * steps)

    def factor(step: int) -> float:
        if step < warmup:
            return (step + 1) / (warmup + 1)
        if settings.schedule == "step":
            return _STEP_FACTOR ** (step // (settings.step_epochs * steps_an_epoch))
        if settings.schedule == "constant":
            return 1.0
        progress = min(1.0, (step - warmup) / max(1, steps - warmup))
        return (1 + math.cos(math.pi * progress)) / 2

    return factor
