"""FGSM, PGD and MI-FGSM: steps along the sign of a gradient that stay within a budget of every pixel.

All three solve ``max loss(x)`` for ``|x - face| <= budget`` in every colour value (L-inf) and ``0 <= x <= 1``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from fdemd.errors import InputError, unknown
from fdemd.tensors.checks import check, checked

Loss = Callable[[Tensor], Tensor]
"""Faces ``(B, 3, H, W)`` in [0, 1] -> what the attack raises, ``(B,)``; of each face by itself."""
LEVELS = 255
"""Of an 8-bit pixel above black; budgets and steps are given in these."""


def fgsm(loss: Loss, faces: Tensor, budget: float) -> Tensor:
    """One step of the whole budget: the fast gradient sign method (Goodfellow et al., ICLR 2015, section 4).

    Arguments and errors as of :func:`pgd`.
    """
    _check_faces(faces)
    return _within(faces + budget * _gradient(loss, faces).sign(), faces, budget)


def pgd(loss: Loss, faces: Tensor, budget: float, steps: int, step_size: float, start: Tensor) -> Tensor:
    """Projected gradient descent from a random place within the budget (Madry et al., ICLR 2018, section 2.1).

    Args:
        loss: to be raised.
        faces: ``(B, 3, H, W)`` in [0, 1].
        budget: of a colour value, in the unit of the faces.
        steps: how many.
        step_size: change of a colour value a step.
        start: ``(B, 3, H, W)`` in [-1, 1], the random place as a share of the budget.

    Raises:
        ValueError: faces or start of another shape, type or range, or a loss that is not one number a face.
    """
    _check_faces(faces)
    check({"faces": (faces, "float B 3 H W"), "start": (start, "float B 3 H W")})
    _check_range("start", start, -1)
    attacked = _within(faces + budget * start, faces, budget)
    for _ in range(steps):
        attacked = _within(attacked + step_size * _gradient(loss, attacked).sign(), faces, budget)
    return attacked


def mi_fgsm(loss: Loss, faces: Tensor, budget: float, steps: int, step_size: float, momentum: float) -> Tensor:
    """Steps along gathered gradients, each divided by its L1 norm (Dong et al., CVPR 2018, algorithm 1).

    Args:
        loss: to be raised.
        faces: ``(B, 3, H, W)`` in [0, 1].
        budget: of a colour value, in the unit of the faces.
        steps: how many.
        step_size: change of a colour value a step.
        momentum: what is kept of the gradients gathered so far.

    Errors as of :func:`pgd`.
    """
    _check_faces(faces)
    attacked, gathered = faces, torch.zeros_like(faces)
    for _ in range(steps):
        gradient = _gradient(loss, attacked)
        norm = gradient.abs().sum((1, 2, 3), keepdim=True)
        gathered = momentum * gathered + gradient / norm.clamp_min(torch.finfo(norm.dtype).tiny)
        attacked = _within(attacked + step_size * gathered.sign(), faces, budget)
    return attacked


ATTACKS = ("fgsm", "pgd", "mi_fgsm")


@dataclass(frozen=True)
class Attack:
    """An attack with its settings, as in ``configs/query/adversarial.yaml``. Checked when made (InputError).

    Attributes:
        name: one of :data:`ATTACKS`.
        budget: largest change of a colour value, in 1/255.
        steps: of pgd and mi_fgsm; fgsm takes one.
        step_size: in 1/255. None takes that of the papers: the budget for fgsm, ``2.5 budget / steps`` for pgd, which
            reaches every place within the budget from any other (Madry, section 5), ``budget / steps`` for mi_fgsm.
        momentum: of mi_fgsm (Dong, section 4: 1).
    """

    name: str = "pgd"
    budget: int = 8
    steps: int = 10
    step_size: float | None = None
    momentum: float = 1.0

    def __post_init__(self) -> None:
        if self.name not in ATTACKS:
            raise unknown("attack", self.name, ATTACKS)
        for what, value, right in (
            ("budget", self.budget, type(self.budget) is int and 1 <= self.budget <= LEVELS),
            ("steps", self.steps, type(self.steps) is int and self.steps >= 1),
            ("step_size", self.step_size, self.step_size is None or 0 < self.step_size <= LEVELS),
            ("momentum", self.momentum, 0 <= self.momentum <= 10),
        ):
            if not right:
                raise InputError(
                    f"query.adversarial.{what} is {value}; budget must be a whole number from 1 to 255, steps one from "
                    "1 on, step_size above 0 and at most 255 (or null), momentum within 0 to 10."
                )

    @property
    def key(self) -> tuple[str | float, ...]:
        """What decides the outcome: settings that this attack does not have are left out."""
        if self.name == "fgsm":
            return self.name, self.budget
        settings = (self.name, self.budget, self.steps, self._step_size)
        return settings if self.name == "pgd" else (*settings, self.momentum)

    @property
    def _step_size(self) -> float:
        if self.step_size is not None:
            return self.step_size
        return (2.5 if self.name == "pgd" else 1) * self.budget / self.steps

    def __str__(self) -> str:
        if self.name == "fgsm":
            return f"fgsm, one step of {self.budget}/255"
        told = f"{self.name}, {self.steps} steps of {self._step_size:g}/255 within {self.budget}/255"
        return told if self.name == "pgd" else f"{told}, momentum {self.momentum:g}"

    def __call__(self, loss: Loss, faces: Tensor, start: Tensor) -> Tensor:
        """Attacked faces ``(B, 3, H, W)`` of ``faces``, not rounded; ``start`` is that of :func:`pgd`."""
        budget, step_size = self.budget / LEVELS, self._step_size / LEVELS
        if self.name == "fgsm":
            return fgsm(loss, faces, budget)
        if self.name == "pgd":
            return pgd(loss, faces, budget, self.steps, step_size, start)
        return mi_fgsm(loss, faces, budget, self.steps, step_size, self.momentum)


@checked(faces="finite ... H W")
def to_pixels(faces: Tensor) -> Tensor:
    """Faces in [0, 1] as 8-bit pixels, uint8.

    Rounding keeps to the budget: it is a whole number of levels around pixels that are whole levels themselves.
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
