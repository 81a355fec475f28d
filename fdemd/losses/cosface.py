"""CosFace: a margin on the cosine (Wang et al., CVPR 2018, Eq. 4; also called AM-Softmax)."""

from __future__ import annotations

import torch
from torch import Tensor

from fdemd.losses.head import CosineHead, check_labels
from fdemd.settings.checking import check_settings
from fdemd.settings.training import CosFaceLoss


class CosFaceHead(CosineHead):
    """Additive cosine margin: the cosine to the own centre counts as ``cos(theta) - margin``.

    The logit of a face's own identity is ``scale * (cos(theta) - margin)``, all others are ``scale * cos(theta_j)``
    (Wang et al., CVPR 2018, Eq. 4). With a margin of 0 it is the normalised softmax.

    Example:
        >>> import torch
        >>> head = CosFaceHead(embedding_size=4, identities=3, margin=0.35)
        >>> head(torch.randn(8, 4), torch.randint(3, (8,))).shape
        torch.Size([8, 3])
    """

    def __init__(self, embedding_size: int, identities: int, *, margin: float = 0.35, scale: float = 30.0) -> None:
        """Draw the centres.

        Args:
            embedding_size: Numbers in an embedding.
            identities: People to tell apart.
            margin: What is taken from the cosine, 0 to 1.
            scale: Factor of the cosines, above 0.

        Raises:
            InputError: margin or scale out of range.
        """
        check_settings(CosFaceLoss, {"margin": margin, "scale": scale})
        super().__init__(embedding_size, identities, scale)
        self.margin = margin

    def with_margin(self, similarity: Tensor, labels: Tensor) -> Tensor:
        """See :meth:`Head.with_margin`."""
        labels = check_labels(similarity, labels)
        margin = torch.full_like(similarity[:, :1], -self.margin)
        return similarity.scatter_add(1, labels[:, None], margin)
