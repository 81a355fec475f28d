"""FGSM, PGD and MI-FGSM: steps along the sign of a gradient that stay within a budget of every pixel.

All three solve ``max loss(x)`` for ``|x - face| <= budget`` in every colour value (L-inf) and ``0 <= x <= 1``.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from fdemd.settings.queries import AdversarialQuery
from fdemd.tensors.checks import check, checked

Loss = Callable[[Tensor], Tensor]
"""Faces ``(B, 3, H, W)`` in [0, 1] -> what the attack raises for each face by itself, ``(B,)``."""
LEVELS = 255
"""Levels of an 8-bit pixel above black; budgets and steps are given in these."""


def fgsm(loss: Loss, faces: Tensor, budget: float) -> Tensor:
    """Take one step of the whole budget: the fast gradient sign method (Goodfellow et al., ICLR 2015, section 4).

    Args:
        loss: What is raised.
        faces: Faces ``(B, 3, H, W)`` in [0, 1].
        budget: Largest change of a colour value, in the unit of the faces.

    Raises:
        ValueError: Faces are of another shape, type or range, or the loss is not one number a face.

    Example:
        >>> fgsm(lambda faces: faces.mean((1, 2, 3)), torch.full((1, 3, 8, 8), 0.5), budget=0.25).unique()
        tensor([0.7500])
    """
    _check_faces(faces)
    return _within(faces + budget * _gradient(loss, faces).sign(), faces, budget)


def pgd(loss: Loss, faces: Tensor, budget: float, steps: int, step_size: float, start: Tensor) -> Tensor:
    """Take projected gradient steps from a random place within the budget (Madry et al., ICLR 2018, section 2.1).

    Args:
        loss: What is raised.
        faces: Faces ``(B, 3, H, W)`` in [0, 1].
        budget: Largest change of a colour value, in the unit of the faces.
        steps: Number of steps.
        step_size: Change of a colour value a step.
        start: Random place ``(B, 3, H, W)`` in [-1, 1], as a share of the budget.

    Raises:
        ValueError: Faces or start are of another shape, type or range, or the loss is not one number a face.
    """
    _check_faces(faces)
    check({"faces": (faces, "float B 3 H W"), "start": (start, "float B 3 H W")})
    _check_range("start", start, -1)
    attacked = _within(faces + budget * start, faces, budget)
    for _ in range(steps):
        attacked = _within(attacked + step_size * _gradient(loss, attacked).sign(), faces, budget)
    return attacked


def mi_fgsm(loss: Loss, faces: Tensor, budget: float, steps: int, step_size: float, momentum: float) -> Tensor:
    """Take steps along gathered gradients, each divided by its L1 norm (Dong et al., CVPR 2018, algorithm 1).

    Args:
        loss: What is raised.
        faces: Faces ``(B, 3, H, W)`` in [0, 1].
        budget: Largest change of a colour value, in the unit of the faces.
        steps: Number of steps.
        step_size: Change of a colour value a step.
        momentum: Share of the gradients gathered so far that is kept.

    Raises:
        ValueError: Faces are of another shape, type or range, or the loss is not one number a face.
    """
    _check_faces(faces)
    attacked, gathered = faces, torch.zeros_like(faces)
    for _ in range(steps):
        gradient = _gradient(loss, attacked)
        norm = gradient.abs().sum((1, 2, 3), keepdim=True)
        gathered = momentum * gathered + gradient / norm.clamp_min(torch.finfo(norm.dtype).tiny)
        attacked = _within(attacked + step_size * gathered.sign(), faces, budget)
    return attacked


def attack_faces(settings: AdversarialQuery, loss: Loss, faces: Tensor, start: Tensor) -> Tensor:
    """Attack faces as the settings of a kind of query say; the result is not rounded.

    Args:
        settings: Attack, budget, steps and momentum.
        loss: What the attack raises.
        faces: Faces ``(B, 3, H, W)`` in [0, 1].
        start: Random places ``(B, 3, H, W)`` in [-1, 1] that ``pgd`` starts from, as shares of the budget.

    Raises:
        ValueError: Faces or start are of another shape, type or range, or the loss is not one number a face.
    """
    budget, step_size = settings.budget / LEVELS, settings.step / LEVELS
    if settings.attack == "fgsm":
        return fgsm(loss, faces, budget)
    if settings.attack == "pgd":
        return pgd(loss, faces, budget, settings.steps, step_size, start)
    return mi_fgsm(loss, faces, budget, settings.steps, step_size, settings.momentum)


@checked(faces="finite ... H W")
def to_pixels(faces: Tensor) -> Tensor:
    """Return faces as 8-bit pixels, uint8.

    Rounding keeps to the budget: it is a whole number of levels around pixels that are whole levels themselves.

    Args:
        faces: Faces ``(..., H, W)`` in [0, 1].
    """
    faces = faces.to(torch.promote_types(faces.dtype, torch.float32))  # bfloat16 cannot tell the levels apart
    return (faces * LEVELS).round().clamp(0, LEVELS).to(torch.uint8)


def _gradient(loss: Loss, faces: Tensor) -> Tensor:
    """Gradient of each face's loss with respect to its pixels."""
    with torch.inference_mode(False), torch.enable_grad():
        faces = faces.clone().requires_grad_()
        _, found = check({"faces": (faces, "float B 3 H W"), "the loss": (loss(faces), "float B")})
        (gradient,) = torch.autograd.grad(found.sum(), faces)
    return gradient


def _check_faces(faces: Tensor) -> None:
    check({"faces": (faces, "float B 3 H W")})
    _check_range("faces", faces, 0)


def _check_range(name: str, values: Tensor, least: float) -> None:
    if values.numel() and not (values.min() >= least and values.max() <= 1):
        raise ValueError(f"{name} must be numbers from {least} to 1.")


def _within(attacked: Tensor, faces: Tensor, budget: float) -> Tensor:
    """The nearest picture that keeps to the budget and to [0, 1]."""
    return attacked.clamp(faces - budget, faces + budget).clamp(0, 1)
