"""ArcFace: a margin on the angle (Deng et al., CVPR 2019, Eq. 3)."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from fdemd.losses.head import CosineHead, check_labels
from fdemd.settings.checking import check_settings
from fdemd.settings.training import ArcFaceLoss


class ArcFaceHead(CosineHead):
    """Additive angular margin: the angle theta to the own centre counts as ``theta + margin``.

    The logit of a face's own identity is ``scale * cos(theta + margin)``, all others are ``scale * cos(theta_j)``
    (Deng et al., CVPR 2019, Eq. 3). Beyond ``theta = pi - margin`` the cosine of that sum would rise again; from there
    on ``cos(theta) - margin * sin(margin)`` goes on falling, as in the published implementations.

    Example:
        >>> import torch
        >>> head = ArcFaceHead(embedding_size=4, identities=3, margin=0.5, scale=64.0)
        >>> head(torch.randn(8, 4), torch.randint(3, (8,))).shape
        torch.Size([8, 3])
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
        """Draw the centres.

        Args:
            embedding_size: Numbers in an embedding.
            identities: People to tell apart.
            margin: Margin in radians, 0 to pi / 2.
            scale: Factor of the cosines, above 0.
            easy_margin: Whether the margin only counts within 90 degrees of the own centre.

        Raises:
            InputError: margin or scale out of range.
        """
        check_settings(ArcFaceLoss, {"margin": margin, "scale": scale, "easy_margin": easy_margin})
        super().__init__(embedding_size, identities, scale)
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
