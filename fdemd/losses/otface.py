"""OTFace, our reading of its abstract (Qian et al., arXiv 2203.14461): a margin loss and optimal transport.

The abstract says that a triplet scheme finds the hard samples of a mini-batch, that optimal transport tells the
distributions of their features "from the high level convolutional layer" apart, and that the total loss has a margin
softmax and that transport. Which triplets, which cost, which weights and how much of it, it does not say: that is ours.
"""

from __future__ import annotations

import torch
from torch import Tensor

from fdemd.emd import Converged, Transport, emd_similarity
from fdemd.features import Features
from fdemd.losses.criterion import Criterion
from fdemd.losses.head import Head
from fdemd.losses.triplets import Triplets, hard_triplets
from fdemd.settings import training as sections
from fdemd.settings.training import Focal
from fdemd.tensors.directions import in_range


class OTFaceCriterion(Criterion):
    """``margin loss + weight * mean over hard triplets of relu(W(anchor, positive) - W(anchor, negative) + margin)``.

    W is the transport cost between the patches of two faces, 1 - cosine for each unit of mass moved: 1 minus the Earth
    Mover's similarity that the second stage ranks by. Batches without a hard triplet have the margin loss alone.

    Attributes:
        batches: Number of batches trained on so far; the weight grows linearly over the first ``warmup`` of them.

    Example:
        >>> from fdemd.losses import ArcFaceHead
        >>> from fdemd.settings.training import Transport
        >>> section = Transport(
        ...     weight=0.1, warmup=0, hard_margin=0.3, margin=0.1, plan_detached=True, weighting="uniform", eps=0.05,
        ...     rounds=50,
        ... )
        >>> criterion = OTFaceCriterion(ArcFaceHead(embedding_size=16, identities=2), section, focal="none", gamma=2.0)
        >>> features = Features(torch.randn(4, 16), torch.rand(4, 9, 32), (3, 3))
        >>> loss, logits = criterion(features, torch.tensor([0, 0, 1, 1]))
        >>> loss.shape, logits.shape
        (torch.Size([]), torch.Size([4, 2]))
    """

    batches: Tensor

    def __init__(self, head: Head, transport: sections.Transport, *, focal: Focal, gamma: float) -> None:
        """Add optimal transport to a margin loss.

        Args:
            head: Head that gives the logits of the margin loss.
            transport: Section ``loss.transport`` of the settings, which describes the second term.
            focal: Kind of focal loss, see :func:`fdemd.losses.focal_loss`.
            gamma: Exponent of the focal loss.
        """
        super().__init__(head, focal=focal, gamma=gamma)
        self.transport = transport
        self.register_buffer("batches", torch.zeros((), dtype=torch.long))

    def forward(self, features: Features, labels: Tensor) -> tuple[Tensor, Tensor]:
        """See :meth:`Criterion.forward`; with a weight of 0 the very same numbers."""
        loss, logits = super().forward(features, labels)
        if self.transport.weight == 0:
            return loss, logits
        share = ((self.batches + 1) / (self.transport.warmup + 1)).clamp_max(1)
        if self.training:
            self.batches += 1
        triplets = hard_triplets(features.embedding, labels, self.transport.hard_margin)
        hard = len(triplets.anchor)
        violation = transport_violation(features, triplets, self.transport) if hard else loss.new_zeros(())
        self.figures = {"hard_triplets": loss.new_tensor(float(hard)), "transport": violation.detach()}
        return loss + self.transport.weight * share * violation, logits


def transport_violation(features: Features, triplets: Triplets, settings: sections.Transport) -> Tensor:
    """Compute the mean over triplets of ``relu(W(anchor, positive) - W(anchor, negative) + margin)``.

    Args:
        features: Features of a batch.
        triplets: One triplet or more of its faces.
        settings: Section ``loss.transport`` of the settings.

    Returns:
        The mean, ``()`` float32.
    """
    with torch.autocast(features.patches.device.type, enabled=False):
        faces = Features(features.embedding, _unit(in_range(features.patches).float()), features.grid)
        anchors, candidates = faces[triplets.anchor], torch.stack([triplets.positive, triplets.negative], dim=1)
        similarity = (_with_fixed_plan if settings.plan_detached else _transported)(
            anchors, faces, candidates, settings
        )
        return (similarity[:, 1] - similarity[:, 0] + settings.margin).relu().mean()


def _transported(anchors: Features, faces: Features, candidates: Tensor, settings: sections.Transport) -> Tensor:
    """Compute the Earth Mover's similarity ``(T, 2)``, with the gradient of every iteration."""
    return _transport(anchors, faces, candidates, settings).similarity


def _with_fixed_plan(anchors: Features, faces: Features, candidates: Tensor, settings: sections.Transport) -> Tensor:
    """Compute the same numbers; the gradient moves the patches and leaves the flow as it is (as DIML, ICCV 2021)."""
    with torch.no_grad():
        flow = _transport(anchors, faces, candidates, settings, with_flow=True).flow
    assert flow is not None
    return (flow * (anchors.patches[:, None] @ faces.patches[candidates].mT)).sum((2, 3))


def _transport(
    anchors: Features, faces: Features, candidates: Tensor, settings: sections.Transport, *, with_flow: bool = False
) -> Transport:
    return emd_similarity(
        anchors,
        faces,
        candidates,
        weighting=settings.weighting,
        stop=Converged(max_rounds=settings.rounds),
        eps=settings.eps,
        with_flow=with_flow,
        engine="reference",
    )


def _unit(patches: Tensor) -> Tensor:
    """Return patches of length 1; one of zeros stays so without a gradient, where that of a division is immense."""
    length = patches.norm(dim=-1, keepdim=True)
    empty = length < torch.finfo(length.dtype).eps
    return (patches / length.masked_fill(empty, 1)).masked_fill(empty, 0)
