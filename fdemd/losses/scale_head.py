"""The scale head of ScaleFace: the certainty of a face from its feature map (Kail et al., arXiv 2209.01880)."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from fdemd.checkpoints.training_state import read_checkpoint
from fdemd.errors import InputError
from fdemd.settings import training as sections
from fdemd.settings.checking import check_settings
from fdemd.tensors.checks import check

_IN_CHECKPOINT = "criterion.scale_head."


class ScaleHead(nn.Module):
    """A small network from the patches of a face to its scale ``limit * sigmoid(logit)``, between 0 and ``limit``.

    The logit is that of the published head: linear without bias, normalised over the batch without weights of its own,
    ReLU, linear without bias. Close to the limit the sigmoid is flat, and scales cannot be told apart: rank by the
    logit.

    Example:
        >>> head = ScaleHead(map_size=9 * 32, hidden=16, limit=64.0).eval()
        >>> head(torch.randn(5, 9, 32)).shape
        torch.Size([5])
    """

    limit: Tensor

    def __init__(self, map_size: int, *, hidden: int, limit: float) -> None:
        """Draw the weights from He's normal distribution, as published.

        Args:
            map_size: Numbers in the patches of one face, all together.
            hidden: Numbers between the two layers, at least 1; published is 512.
            limit: Largest scale, above 0; published are 32 and 64.

        Raises:
            InputError: a number out of range.
        """
        super().__init__()
        check_settings(sections.ScaleHead, {"limit": limit, "hidden": hidden})
        first, last = nn.Linear(map_size, hidden, bias=False), nn.Linear(hidden, 1, bias=False)
        for layer in (first, last):
            nn.init.kaiming_normal_(layer.weight)
        self.layers = nn.Sequential(first, nn.BatchNorm1d(hidden, affine=False), nn.ReLU(), last)
        self.register_buffer("limit", torch.tensor(float(limit)))

    def logit(self, patches: Tensor) -> Tensor:
        """Return the logits before the sigmoid, ``(B,)`` float32, of patches ``(B, N, C)``: what to rank faces by.

        Raises:
            ValueError: patches of another size or type.
        """
        check({"patches": (patches, "float B N C")})
        numbers, wanted = patches.shape[1] * patches.shape[2], self.layers[0].in_features
        if numbers != wanted:
            raise ValueError(f"The patches of a face have {numbers} numbers; this head is for {wanted}.")
        with torch.autocast(patches.device.type, enabled=False):
            logit: Tensor = self.layers(patches.flatten(1).to(self.limit.dtype))[:, 0]
        return logit

    def scale_of(self, logit: Tensor) -> Tensor:
        """Return the scales that logits ``(B,)`` stand for."""
        return self.limit * logit.sigmoid()

    def forward(self, patches: Tensor) -> Tensor:
        """Return the scales ``(B,)`` float32 of patches ``(B, N, C)``."""
        return self.scale_of(self.logit(patches))


def read_scale_head(path: Path) -> ScaleHead:
    """Read the scale head from a checkpoint of ``train.py loss=scaleface``. Nothing in the file can run.

    Args:
        path: File of the checkpoint.

    Returns:
        The head, in evaluation mode.

    Raises:
        InputError: the file is missing, damaged, or was trained with another loss.
    """
    stored = read_checkpoint(path)["state_dict"]
    weights = {
        name.removeprefix(_IN_CHECKPOINT): value for name, value in stored.items() if name.startswith(_IN_CHECKPOINT)
    }
    if not weights:
        raise InputError(f"{path} has no scale head; give a checkpoint of python train.py loss=scaleface.")
    hidden, map_size = weights["layers.0.weight"].shape
    head = ScaleHead(map_size, hidden=hidden, limit=float(weights["limit"]))
    head.load_state_dict(weights)
    return head.eval()
