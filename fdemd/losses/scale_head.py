"""How sure a network may be of a face: a number from its feature map (Kail et al., arXiv 2209.01880)."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from fdemd.checkpoints.training_state import read_checkpoint
from fdemd.errors import InputError
from fdemd.tensors.checks import check

_IN_CHECKPOINT = "criterion.scale_head."


class ScaleHead(nn.Module):
    """Patches of a face -> its scale, between 0 and ``limit``: ``limit * sigmoid(logit)``.

    The logit is that of the published head: linear without bias, normalised over the batch without weights of its own,
    ReLU, linear without bias. Close to the limit the sigmoid is flat, and scales cannot be told apart: rank by the
    logit.
    """

    limit: Tensor

    def __init__(self, map_size: int, *, hidden: int, limit: float) -> None:
        """Draw the weights (He's normal distribution, as published).

        Args:
            map_size: numbers in the patches of a face.
            hidden: numbers between the two layers.
            limit: the largest scale; published are 32 and 64.

        Raises:
            InputError: a number out of range.
        """
        super().__init__()
        if not 0 < limit < float("inf"):
            raise InputError(f"loss.scale_head.limit is {limit}; it must be above 0 (published are 32 and 64).")
        if hidden < 1:
            raise InputError(f"loss.scale_head.hidden is {hidden}; it must be 1 or more (published is 512).")
        first, last = nn.Linear(map_size, hidden, bias=False), nn.Linear(hidden, 1, bias=False)
        for layer in (first, last):
            nn.init.kaiming_normal_(layer.weight)
        self.layers = nn.Sequential(first, nn.BatchNorm1d(hidden, affine=False), nn.ReLU(), last)
        self.register_buffer("limit", torch.tensor(float(limit)))

    def logit(self, patches: Tensor) -> Tensor:
        """Before the sigmoid, ``(B,)`` float32, of patches ``(B, N, C)``: what to rank faces by.

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
        """The scales of logits."""
        return self.limit * logit.sigmoid()

    def forward(self, patches: Tensor) -> Tensor:
        """Scales ``(B,)`` float32 of patches ``(B, N, C)``."""
        return self.scale_of(self.logit(patches))


def read_scale_head(path: Path) -> ScaleHead:
    """The head in a checkpoint of ``train.py loss=scaleface``, in evaluation mode. Nothing in the file can run.

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
