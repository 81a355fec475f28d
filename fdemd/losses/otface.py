"""OTFace, our reading of its abstract (Qian et al., arXiv 2203.14461): a margin loss and optimal transport.

The abstract says that a triplet scheme finds the hard samples of a mini-batch, that optimal transport tells the
distributions of their features "from the high level convolutional layer" apart, and that the total loss has a margin
softmax and that transport. Which triplets, which cost, which weights and how much of it, it does not say: that is ours.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from fdemd.emd import Converged, Transport, emd_similarity
from fdemd.emd.sinkhorn import check_eps
from fdemd.emd.weighting import check_weighting
from fdemd.errors import InputError
from fdemd.features import Features
from fdemd.losses.criterion import Criterion
from fdemd.losses.head import Head
from fdemd.losses.triplets import Triplets, hard_triplets
from fdemd.tensors.directions import in_range


@dataclass(frozen=True)
class TransportSettings:
    """Section ``transport`` of ``configs/loss/otface.yaml``; explained there. Checked when made (InputError)."""

    weight: float
    warmup: int
    hard_margin: float
    margin: float
    plan_detached: bool
    weighting: str
    eps: float
    rounds: int

    def __post_init__(self) -> None:
        if not 0 <= self.weight < float("inf"):
            raise InputError(f"loss.transport.weight is {self.weight}; it must be 0 (the plain margin loss) or above.")
        for name, least in (("warmup", 0), ("rounds", 1)):
            if getattr(self, name) < least:
                raise InputError(f"loss.transport.{name} is {getattr(self, name)}; it must be {least} or more.")
        for name in ("hard_margin", "margin"):
            if not 0 <= getattr(self, name) <= 2:
                raise InputError(f"loss.transport.{name} is {getattr(self, name)}; it is of cosines, from 0 to 2.")
        if check_weighting(self.weighting) in ("uew", "lmk", "cc"):
            raise InputError(
                f"loss.transport.weighting is {self.weighting}, which training cannot have; choose uniform or apc."
            )
        check_eps(self.eps)


class OTFaceCriterion(Criterion):
    """``margin loss + weight * mean over hard triplets of relu(W(anchor, positive) - W(anchor, negative) + margin)``.

    W is the transport cost between the patches of two faces, 1 - cosine for each unit of mass moved: 1 minus the Earth
    Mover's similarity that the second stage ranks by. Batches without a hard triplet have the margin loss alone.

    Attributes:
        batches: trained on so far; the weight grows linearly over the first ``warmup`` of them.
    """

    batches: Tensor

    def __init__(self, head: Head, transport: TransportSettings, *, focal: str, gamma: float) -> None:
        """See :class:`Criterion`.

        Args:
            head: of the identities.
            transport: settings of the second term.
            focal: see :func:`focal_loss`.
            gamma: see :func:`focal_loss`.
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


def transport_violation(features: Features, triplets: Triplets, settings: TransportSettings) -> Tensor:
    """Mean over one triplet or more of ``relu(W(anchor, positive) - W(anchor, negative) + margin)``, ``()`` float32."""
    with torch.autocast(features.patches.device.type, enabled=False):
        faces = Features(features.embedding, _unit(in_range(features.patches).float()), features.grid)
        anchors, candidates = faces[triplets.anchor], torch.stack([triplets.positive, triplets.negative], dim=1)
        similarity = (_with_fixed_plan if settings.plan_detached else _transported)(
            anchors, faces, candidates, settings
        )
        return (similarity[:, 1] - similarity[:, 0] + settings.margin).relu().mean()


def _transported(anchors: Features, faces: Features, candidates: Tensor, settings: TransportSettings) -> Tensor:
    """Earth Mover's similarity ``(T, 2)``, with the gradient of every iteration."""
    return _transport(anchors, faces, candidates, settings).similarity


def _with_fixed_plan(anchors: Features, faces: Features, candidates: Tensor, settings: TransportSettings) -> Tensor:
    """The same numbers, but the gradient moves the patches and leaves the flow between them (as DIML, ICCV 2021)."""
    with torch.no_grad():
        flow = _transport(anchors, faces, candidates, settings, with_flow=True).flow
    assert flow is not None
    return (flow * (anchors.patches[:, None] @ faces.patches[candidates].mT)).sum((2, 3))


def _transport(
    anchors: Features, faces: Features, candidates: Tensor, settings: TransportSettings, *, with_flow: bool = False
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
    """Patches of length 1; one of zeros stays so and has no gradient, where a division would have an immense one."""
    length = patches.norm(dim=-1, keepdim=True)
    empty = length < torch.finfo(length.dtype).eps
    return (patches / length.masked_fill(empty, 1)).masked_fill(empty, 0)
