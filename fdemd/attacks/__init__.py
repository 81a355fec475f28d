"""Attacks on a network by its gradients: what a change that is hard to see does to an embedding. Pure functions."""

from fdemd.attacks.goals import DODGING, GOALS, IMPERSONATION, Faces, anchors, victims
from fdemd.attacks.gradient_sign import ATTACKS, Attack, Loss, to_pixels

__all__ = [
    "ATTACKS",
    "DODGING",
    "GOALS",
    "IMPERSONATION",
    "Attack",
    "Faces",
    "Loss",
    "anchors",
    "to_pixels",
    "victims",
]
