"""What is minimised: a head, and a loss of its logits."""

from __future__ import annotations

from torch import Tensor, nn

from fdemd.errors import InputError, unknown
from fdemd.features import Features
from fdemd.losses.focal import FOCAL, focal_loss_unchecked
from fdemd.losses.head import Head


class Criterion(nn.Module):
    """Loss of what a network says about faces. Its parameters are to be trained with the network's.

    Attributes:
        trains_backbone: whether the network is trained at all; if not, nothing in it may change.
        figures: name -> number ``()`` of the last batch, for the log, beside the loss.
    """

    trains_backbone = True
    figures: dict[str, Tensor]

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
        self.figures = {}

    def forward(self, features: Features, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Loss ``()`` and logits ``(B, identities)``, both float32, of the features of ``B`` faces and ``labels (B,)``.

        The logits are those without margin, as they would name an unknown face, and carry no gradient.

        Raises:
            ValueError: embeddings of another size or type, or labels of other faces or of nobody.
        """
        with_margin, logits = self.logits(features, labels)
        # The head has checked the labels.
        return focal_loss_unchecked(with_margin, labels, gamma=self.gamma, focal=self.focal), logits.detach()

    def logits(self, features: Features, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Logits ``(B, identities)`` with the margin, to train on, and without it."""
        similarity = self.head.similarity(features.embedding)
        return self.head.scale * self.head.with_margin(similarity, labels), self.head.scale * similarity
