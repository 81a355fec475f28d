"""A small network that tells the discrepancy of a face from its embedding, so that no cohort is needed to align.

The paper's learnable SSE; its abstract says no more than that it estimates implicitly. Network, loss and targets are
ours.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import smooth_l1_loss

from fdemd.score_normalization.cohort import Cohort
from fdemd.score_normalization.support import SupportRule
from fdemd.tensors.checks import check
from fdemd.tensors.directions import unit

HIDDEN = 512
_STEPS, _BATCH = 100, 256
_LEARNING_RATE, _WEIGHT_DECAY = 1e-3, 1e-2


class DiscrepancyNetwork(nn.Module):
    """Embedding ``(B, D)`` of any length -> discrepancy ``(B,)``: D -> 512, BatchNorm, PReLU, 512 -> 1.

    The last number is in units of the deviation of the targets, from their mean.

    Attributes:
        dimensions: D.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self, dimensions: int, mean: float = 0.0, deviation: float = 1.0) -> None:
        super().__init__()
        self.dimensions = dimensions
        self.layers = nn.Sequential(
            nn.Linear(dimensions, HIDDEN), nn.BatchNorm1d(HIDDEN), nn.PReLU(), nn.Linear(HIDDEN, 1)
        )
        self.register_buffer("mean", torch.tensor(mean))
        self.register_buffer("deviation", torch.tensor(deviation))

    def standardised(self, embeddings: Tensor) -> Tensor:
        """What is trained: the discrepancy as deviations from the mean, ``(B,)``.

        Raises:
            InputError: an embedding that is not finite.
            ValueError: embeddings of another size or type.
        """
        check({"embeddings": (embeddings, f"real B {self.dimensions}")})
        found: Tensor = self.layers(unit(embeddings, "the embeddings"))
        return found[:, 0]

    def forward(self, embeddings: Tensor) -> Tensor:
        """Discrepancies ``(B,)``."""
        return self.mean + self.deviation * self.standardised(embeddings)


def train_estimator(cohort: Cohort, rule: SupportRule, seed: int) -> DiscrepancyNetwork:
    """Train on a cohort, in seconds.

    The target of a face is its discrepancy among the others, its own person removed: what a face of somebody unseen
    finds.

    Args:
        cohort: of two people or more.
        rule: of the support sets.
        seed: of weights and order.

    Returns:
        The network, in evaluation mode.
    """
    with torch.random.fork_rng(devices=[]), torch.inference_mode(False), torch.enable_grad():
        torch.manual_seed(seed)
        faces = unit(cohort.embedding.clone(), "the cohort's embeddings")
        targets = cohort.own_support(rule).mean
        network = DiscrepancyNetwork(faces.shape[1], float(targets.mean()), float(targets.std().clamp_min(1e-6)))
        optimizer = torch.optim.AdamW(network.parameters(), lr=_LEARNING_RATE, weight_decay=_WEIGHT_DECAY)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, _STEPS)
        for _ in range(_STEPS):
            rows = torch.randint(len(faces), (_BATCH,))
            wanted = (targets[rows] - network.mean) / network.deviation
            loss = smooth_l1_loss(network.standardised(faces[rows]), wanted)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    return network.eval().requires_grad_(False)


class EstimatorError(NamedTuple):
    """Mean absolute error of discrepancies of faces that an estimator has not seen.

    Attributes:
        estimator: its own.
        constant: that of always saying the mean of its training targets.
        faces: that were averaged over.
    """

    estimator: float
    constant: float
    faces: int


def estimator_error(network: DiscrepancyNetwork, embeddings: Tensor, truth: Tensor) -> EstimatorError:
    """Compare an estimator with the truth.

    Args:
        network: trained on other people.
        embeddings: ``(B, D)`` of the faces.
        truth: ``(B,)`` their discrepancies in the cohort.
    """
    check({"embeddings": (embeddings, "real B D"), "truth": (truth, "real B")})
    own = (network(embeddings) - truth).abs().double().mean()
    constant = (network.mean - truth).abs().double().mean()
    return EstimatorError(own.item(), constant.item(), len(truth))
