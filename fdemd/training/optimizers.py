"""Optimizer and learning rate of a training run, as ``configs/optimizer`` describes them."""

from __future__ import annotations

import math
from collections.abc import Callable

from torch import nn, optim

from fdemd.errors import InputError
from fdemd.settings.training import Optimizer

_STEP_FACTOR = 0.1


def build_optimizer(
    section: Optimizer, backbone: nn.Module, head: nn.Module, *, frozen: bool = False
) -> optim.Optimizer:
    """Build the optimizer of everything in both modules that can be trained.

    Args:
        section: Section ``optimizer`` of the settings.
        backbone: The network.
        head: What is trained along with it, at ``head_lr`` times its learning rate.
        frozen: Whether the network is meant to stay as it is.

    Returns:
        The optimizer; its parameter groups are those of the network and of the head, each with and without weight
        decay.

    Raises:
        InputError: nothing in the backbone can be trained although it is meant to be.
    """
    groups = [
        {
            "name": name if decayed else f"{name} without decay",
            "params": chosen,
            "lr": section.lr * factor,
            "weight_decay": section.weight_decay if decayed else 0.0,
        }
        for name, module, factor in (("backbone", backbone, 1.0), ("head", head, section.head_lr))
        for decayed in (True, False)
        if (chosen := [p for p in module.parameters() if p.requires_grad and decayed == _decays(p, section)])
    ]
    if not frozen and not any(parameter.requires_grad for parameter in backbone.parameters()):
        raise InputError("This model has nothing to train; choose one that PyTorch runs, such as model=arcface.")
    if section.name == "sgd":
        return optim.SGD(groups, momentum=section.momentum)
    return optim.AdamW(groups, betas=(section.momentum, 0.999))


def _decays(parameter: nn.Parameter, section: Optimizer) -> bool:
    """Whether weight decay pulls at a parameter: norms, biases and slopes have one number a channel, or one in all."""
    return section.decay_all or parameter.ndim > 1


def learning_rate_factor(section: Optimizer, steps: int, steps_an_epoch: int) -> Callable[[int], float]:
    """Build the schedule of the learning rate.

    Args:
        section: Section ``optimizer`` of the settings: which schedule, and the share of the run that warms up
            (linearly, its last step at the full rate).
        steps: Steps of the optimizer in the whole run.
        steps_an_epoch: Steps of the optimizer in an epoch, which the schedule ``step`` counts by.

    Returns:
        A function from the step of the optimizer, from 0, to the factor of its learning rates.

    Example:
        >>> section = Optimizer(
        ...     name="sgd", lr=0.1, head_lr=10.0, momentum=0.9, weight_decay=5e-4, decay_all=False, schedule="cosine",
        ...     step_epochs=30, warmup=0.0,
        ... )
        >>> factor = learning_rate_factor(section, steps=100, steps_an_epoch=10)
        >>> [round(factor(step), 2) for step in (0, 50, 100)]
        [1.0, 0.5, 0.0]
    """
    warmup = round(section.warmup * steps)

    def factor(step: int) -> float:
        if step < warmup:
            return (step + 1) / (warmup + 1)
        if section.schedule == "step":
            return _STEP_FACTOR ** (step // (section.step_epochs * steps_an_epoch))
        if section.schedule == "constant":
            return 1.0
        progress = min(1.0, (step - warmup) / max(1, steps - warmup))
        return (1 + math.cos(math.pi * progress)) / 2

    return factor
