"""A small network that tells the discrepancy of a face from its embedding, so that no cohort is needed to normalize.

The paper's learnable SSE; its abstract says no more than that it estimates implicitly. Network, loss and targets are
ours.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import smooth_l1_loss

from fdemd.score_normalization.cohort import Cohort
from fdemd.settings.normalization import SupportRule
from fdemd.tensors.checks import check
from fdemd.tensors.directions import unit

HIDDEN = 512
_STEPS, _BATCH = 100, 256
_LEARNING_RATE, _WEIGHT_DECAY = 1e-3, 1e-2


class DiscrepancyNetwork(nn.Module):
    """Embeddings ``(B, D)`` of any length -> discrepancies ``(B,)``: D -> 512, BatchNorm, PReLU, 512 -> 1.

    The last layer gives deviations from the mean of the targets, in units of their standard deviation.

    Attributes:
        dimensions: Number D of an embedding's dimensions.
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

    def standardized(self, embeddings: Tensor) -> Tensor:
        """Return what is trained: the discrepancy as deviations from the mean, ``(B,)``.

        Args:
            embeddings: ``(B, D)``, of any length.

        Raises:
            InputError: An embedding is not finite.
            ValueError: Embeddings are of another size or type.
        """
        check({"embeddings": (embeddings, f"real B {self.dimensions}")})
        found: Tensor = self.layers(unit(embeddings, "the embeddings"))
        return found[:, 0]

    def forward(self, embeddings: Tensor) -> Tensor:
        """Return discrepancies ``(B,)`` of embeddings ``(B, D)``."""
        return self.mean + self.deviation * self.standardized(embeddings)


def train_estimator(cohort: Cohort, rule: SupportRule, seed: int) -> DiscrepancyNetwork:
    """Train an estimator on a cohort, in seconds.

    The target of a face is its discrepancy among the others, its own person removed: what a face of somebody unseen
    finds.

    Args:
        cohort: Faces of two people or more.
        rule: Which faces are the support sets.
        seed: Seed of the weights and of the order of the faces.

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
            loss = smooth_l1_loss(network.standardized(faces[rows]), wanted)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    return network.eval().requires_grad_(False)


class EstimatorError(NamedTuple):
    """Mean absolute error of discrepancies of faces that an estimator has not seen.

    Attributes:
        estimator: Error of the estimator.
        constant: Error of always giving the mean of the training targets.
        faces: Number of faces averaged over.
    """

    estimator: float
    constant: float
    faces: int


def estimator_error(network: DiscrepancyNetwork, embeddings: Tensor, truth: Tensor) -> EstimatorError:
    """Return the error of an estimator on faces of people it was not trained on.

    Args:
        network: Estimator trained on other people.
        embeddings: Embeddings ``(B, D)`` of the faces.
        truth: Their discrepancies ``(B,)`` in the cohort.
    """
    check({"embeddings": (embeddings, "real B D"), "truth": (truth, "real B")})
    own = (network(embeddings) - truth).abs().double().mean()
    constant = (network.mean - truth).abs().double().mean()
    return EstimatorError(own.item(), constant.item(), len(truth))
