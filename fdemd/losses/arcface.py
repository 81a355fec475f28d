"""ArcFace: a margin on the angle (Deng et al., CVPR 2019, Eq. 3)."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from fdemd.errors import InputError
from fdemd.losses.head import CosineHead, check_labels


class ArcFaceHead(CosineHead):
    """The angle theta to the own centre counts as ``theta + margin``.

    Beyond ``theta = pi - margin`` the cosine of that sum would rise again; from there on ``cos(theta) - margin *
    sin(margin)`` goes on falling, as in the published implementations.
    """

    def __init__(
        self,
        embedding_size: int,
        identities: int,
        *,
        margin: float = 0.5,
        scale: float = 30.0,
        easy_margin: bool = False,
    ) -> None:
        """See :class:`Head`.

        Args:
            embedding_size: numbers in an embedding.
            identities: people to tell apart.
            margin: radians, 0 to pi / 2.
            scale: of the cosines.
            easy_margin: the margin only counts within 90 degrees of the own centre.

        Raises:
            InputError: margin or scale out of range.
        """
        super().__init__(embedding_size, identities, scale)
        if not 0 <= margin <= math.pi / 2:
            raise InputError(
                f"loss.margin is {margin}; ArcFace's is an angle in radians, 0 to 1.57 (usual is 0.5, 28.6 degrees)."
            )
        self.margin = margin
        self.easy_margin = easy_margin

    def with_margin(self, similarity: Tensor, labels: Tensor) -> Tensor:
        """See :meth:`Head.with_margin`. Gradients are finite at every angle, 0 and pi included."""
        labels = check_labels(similarity, labels)
        own = similarity.gather(1, labels[:, None])
        # The slope of the root is infinite at 0: below the smallest number the clamp makes it 0.
        sine = ((1 - own) * (1 + own)).clamp_min(torch.finfo(own.dtype).tiny).sqrt()
        moved = own * math.cos(self.margin) - sine * math.sin(self.margin)
        if self.easy_margin:
            lowered = torch.where(own > 0, moved, own)
        else:
            beyond = own - self.margin * math.sin(self.margin)
            lowered = torch.where(own > -math.cos(self.margin), moved, beyond)
        return similarity.scatter(1, labels[:, None], lowered)
