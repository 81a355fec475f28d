"""What is minimised: a head, and a loss of its logits."""

from __future__ import annotations

from torch import Tensor, nn

from fdemd.errors import InputError, unknown
from fdemd.losses.focal import FOCAL, focal_loss
from fdemd.losses.head import Head


class Criterion(nn.Module):
    """Loss of embeddings. Its parameters are the head's, and are to be trained with the network's."""

    def __init__(self, head: Head, *, focal: str = "none", gamma: float = 2.0) -> None:
        """Put both together.

        Args:
            head: of the identities.
            focal: see :func:`focal_loss`.
            gamma: see :func:`focal_loss`.

        Raises:
            InputError: an unknown kind of loss, or a gamma that is no number of at least 0.
        """
        super().__init__()
        if focal not in FOCAL:
            raise unknown("focal loss", focal, FOCAL)
        if not 0 <= gamma < float("inf"):
            raise InputError(f"loss.gamma is {gamma}; it must be 0 (cross-entropy) or above (published is 2).")
        self.head = head
        self.focal = focal
        self.gamma = gamma

    def forward(self, embedding: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Loss ``()`` and logits ``(B, identities)``, both float32, of embeddings ``(B, D)`` and ``labels (B,)``.

        The logits are those without margin, as they would name an unknown face, and carry no gradient.
        """
        similarity = self.head.similarity(embedding)
        logits = self.head.scale * self.head.with_margin(similarity, labels)
        return focal_loss(logits, labels, gamma=self.gamma, focal=self.focal), self.head.scale * similarity.detach()
