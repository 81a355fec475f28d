"""Focal loss: what is learnt already counts less (Lin et al., ICCV 2017, Eq. 4)."""

from __future__ import annotations

import torch
from torch import Tensor, distributed
from torch.nn.functional import cross_entropy

from fdemd.losses.head import check_labels
from fdemd.settings.checking import check_settings
from fdemd.settings.training import Focal, FocalLoss


def focal_loss(logits: Tensor, labels: Tensor, *, gamma: float = 2.0, focal: Focal = "per_sample") -> Tensor:
    """Compute the focal loss ``(1 - p)^gamma * -log p`` of the right identity's probability p.

    Args:
        logits: ``(B, identities)``; a softmax makes probabilities of them.
        labels: ``(B,)`` whole numbers, the right identity of each face.
        gamma: Exponent, at least 0; 0 gives the cross-entropy.
        focal: ``"per_sample"`` weighs the cross-entropy ce of each face by ``(1 - exp(-ce))^gamma`` (Lin et al., ICCV
            2017, Eq. 4). ``"per_batch"`` does that once with the mean over the batch, as the code of DeepFace-EMD
            finetunes; over the batches of all processes where there are several. ``"none"`` is the cross-entropy.

    Returns:
        The mean over the batch, ``()`` float32.

    Raises:
        InputError: an unknown kind of loss, or a gamma that is no number of at least 0.
        ValueError: see :func:`fdemd.losses.head.check_labels`.

    Example:
        >>> import torch
        >>> logits, labels = torch.tensor([[4.0, 0.0], [0.0, 1.0]]), torch.tensor([0, 1])
        >>> round(focal_loss(logits, labels, gamma=2.0).item(), 4)
        0.0113
    """
    check_settings(FocalLoss, {"focal": focal, "gamma": gamma})
    return focal_loss_unchecked(logits, check_labels(logits, labels), gamma=gamma, focal=focal)


def focal_loss_unchecked(logits: Tensor, labels: Tensor, *, gamma: float, focal: Focal) -> Tensor:
    """Compute :func:`focal_loss` of arguments that were checked: a check of labels waits for the GPU."""
    labels = labels.long()
    if focal == "none":
        return cross_entropy(logits, labels)
    if focal == "per_sample":
        return _focal(cross_entropy(logits, labels, reduction="none"), gamma).mean()
    return _focal(_over_processes(cross_entropy(logits, labels)), gamma)


def _focal(loss: Tensor, gamma: float) -> Tensor:
    # Below 1, gamma makes the slope of the power infinite at 0, where scaled cosines do get; the clamp makes it 0.
    loss = loss.clamp_min(torch.finfo(loss.dtype).tiny)
    return (-torch.expm1(-loss)) ** gamma * loss


def _over_processes(mean: Tensor) -> Tensor:
    """Return the mean over the batches of all processes, with the gradient of this one's.

    Gradients are averaged over processes afterwards, which then gives those of the focal loss of the whole batch.
    """
    if not (distributed.is_available() and distributed.is_initialized()):
        return mean
    everyone = mean.detach().clone()
    distributed.all_reduce(everyone)
    return mean + (everyone / distributed.get_world_size() - mean.detach())
