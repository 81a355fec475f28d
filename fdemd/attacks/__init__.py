"""Attacks on a network by its gradients: what a change that is hard to see does to an embedding."""

from fdemd.attacks.goals import DODGING, IMPERSONATION, SourcedFaces, anchors, draw_victims
from fdemd.attacks.gradient_sign import Loss, attack_faces, to_pixels

__all__ = [
    "DODGING",
    "IMPERSONATION",
    "Loss",
    "SourcedFaces",
    "anchors",
    "attack_faces",
    "draw_victims",
    "to_pixels",
]
