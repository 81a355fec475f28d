"""Focal loss: what is learnt already counts less (Lin et al., ICCV 2017, Eq. 4)."""

from __future__ import annotations

import torch
from torch import Tensor, distributed
from torch.nn.functional import cross_entropy

from fdemd.errors import unknown
from fdemd.losses.head import check_labels

FOCAL = ("none", "per_batch", "per_sample")


def focal_loss(logits: Tensor, labels: Tensor, *, gamma: float = 2.0, focal: str = "per_sample") -> Tensor:
    """Mean loss ``()`` of logits ``(B, identities)`` with the right ones ``labels (B,)``.

    Args:
        logits: to be told apart by a softmax.
        labels: ``(B,)`` integers.
        gamma: how much less, at least 0; 0 is the cross-entropy.
        focal: ``per_sample`` weighs the cross-entropy ce of each face by (1 - exp(-ce)) ** gamma, as the field means
            it. ``per_batch`` does that once with the mean over the batch, as the published recipe does; over the
            batches of all processes where there are several. ``none`` is the cross-entropy.

    Raises:
        InputError: an unknown kind of loss.
        ValueError: see :func:`fdemd.losses.head.check_labels`.
    """
    return focal_loss_unchecked(logits, check_labels(logits, labels), gamma=gamma, focal=focal)


def focal_loss_unchecked(logits: Tensor, labels: Tensor, *, gamma: float, focal: str) -> Tensor:
    """See :func:`focal_loss`; for labels that were checked, since a check waits for the GPU."""
    labels = labels.long()
    if focal == "none":
        return cross_entropy(logits, labels)
    if focal == "per_sample":
        return _focal(cross_entropy(logits, labels, reduction="none"), gamma).mean()
    if focal == "per_batch":
        return _focal(_over_processes(cross_entropy(logits, labels)), gamma)
    raise unknown("focal loss", focal, FOCAL)


def _focal(loss: Tensor, gamma: float) -> Tensor:
    # Below 1, gamma makes the slope of the power infinite at 0, where scaled cosines do get; the clamp makes it 0.
    loss = loss.clamp_min(torch.finfo(loss.dtype).tiny)
    return (-torch.expm1(-loss)) ** gamma * loss


def _over_processes(mean: Tensor) -> Tensor:
    """The mean over the batches of all processes, with the gradient of this one's.

    Gradients are averaged over processes afterwards, which then gives those of the focal loss of the whole batch.
    """
    if not (distributed.is_available() and distributed.is_initialized()):
        return mean
    everyone = mean.detach().clone()
    distributed.all_reduce(everyone)
    return mean + (everyone / distributed.get_world_size() - mean.detach())
