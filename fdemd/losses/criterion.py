"""What is minimised: a head, and a loss of its logits."""

from __future__ import annotations

from torch import Tensor, nn

from fdemd.features import Features
from fdemd.losses.focal import focal_loss_unchecked
from fdemd.losses.head import Head
from fdemd.settings.checking import check_settings
from fdemd.settings.training import Focal, FocalLoss


class Criterion(nn.Module):
    """Loss of a network's features. Its parameters, the centres of the identities, are trained along with the network.

    Attributes:
        trains_backbone: Whether the network is trained at all; if not, nothing in it may change.
        figures: Name -> number ``()`` of the last batch, logged beside the loss.

    Example:
        >>> import torch
        >>> from fdemd.features import Features
        >>> from fdemd.losses import ArcFaceHead
        >>> criterion = Criterion(ArcFaceHead(embedding_size=16, identities=5))
        >>> features = Features(torch.randn(8, 16), torch.randn(8, 4, 32), (2, 2))
        >>> loss, logits = criterion(features, torch.randint(5, (8,)))
        >>> loss.shape, logits.shape
        (torch.Size([]), torch.Size([8, 5]))
    """

    trains_backbone = True
    figures: dict[str, Tensor]

    def __init__(self, head: Head, *, focal: Focal = "none", gamma: float = 2.0) -> None:
        """Put a head and a loss of its logits together.

        Args:
            head: Head that gives the logits.
            focal: Kind of focal loss, see :func:`fdemd.losses.focal_loss`.
            gamma: Exponent of the focal loss, at least 0; without meaning if ``focal`` is ``"none"``.

        Raises:
            InputError: an unknown kind of loss, or a gamma that is no number of at least 0.
        """
        super().__init__()
        check_settings(FocalLoss, {"focal": focal, "gamma": gamma})
        self.head = head
        self.focal = focal
        self.gamma = gamma
        self.figures = {}

    def forward(self, features: Features, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Return the loss of a batch and the logits to classify it by.

        Args:
            features: Features of ``B`` faces.
            labels: ``(B,)`` whole numbers, the identity of each face.

        Returns:
            The loss ``()`` and the logits ``(B, identities)``, both float32. The logits are those without margin, as
            they would name an unknown face, and carry no gradient.

        Raises:
            ValueError: embeddings of another size or type, or labels of other faces or of nobody.
        """
        with_margin, logits = self.logits(features, labels)
        # The head has checked the labels.
        return focal_loss_unchecked(with_margin, labels, gamma=self.gamma, focal=self.focal), logits.detach()

    def logits(self, features: Features, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Return the logits ``(B, identities)`` with the margin, to train on, and those without it."""
        similarity = self.head.similarity(features.embedding)
        return self.head.scale * self.head.with_margin(similarity, labels), self.head.scale * similarity
