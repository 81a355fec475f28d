"""Both forms of the focal loss against their formulas, and over processes."""

import math
from pathlib import Path
from typing import get_args

import pytest
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from fdemd.errors import InputError
from fdemd.losses import focal_loss
from fdemd.settings.training import Focal
from tests.two_processes import in_two_processes

FOCAL: tuple[Focal, ...] = get_args(Focal)


def batch() -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(2)
    logits = torch.randn(12, 5, generator=generator, dtype=torch.float64) * 4
    return logits.requires_grad_(), torch.randint(5, (12,), generator=generator)


def literal_cross_entropies(logits: Tensor, labels: Tensor) -> list[float]:
    return [
        math.log(sum(math.exp(logit) for logit in row)) - row[label]
        for row, label in zip(logits.tolist(), labels.tolist(), strict=True)
    ]


@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0])
def test_each_form_equals_its_formula(gamma: float) -> None:
    logits, labels = batch()
    entropies = literal_cross_entropies(logits, labels)
    mean = sum(entropies) / len(entropies)
    expected = {
        "none": mean,
        "per_batch": (1 - math.exp(-mean)) ** gamma * mean,
        "per_sample": sum((1 - math.exp(-each)) ** gamma * each for each in entropies) / len(entropies),
    }
    for focal in FOCAL:
        assert focal_loss(logits, labels, gamma=gamma, focal=focal).item() == pytest.approx(expected[focal], rel=1e-12)


@pytest.mark.parametrize("focal", FOCAL)
def test_gradients_are_those_of_finite_differences(focal: str) -> None:
    logits, labels = batch()
    assert torch.autograd.gradcheck(lambda each: focal_loss(each, labels, focal=focal), (logits,))


@pytest.mark.parametrize("focal", ["per_batch", "per_sample"])
@pytest.mark.parametrize("gamma", [0.0, 0.01, 0.5, 1.0, 2.0])
def test_faces_that_are_learnt_perfectly_give_finite_gradients(focal: str, gamma: float) -> None:
    """The cross-entropy of logits 60 apart is exactly 0 in float32."""
    logits = torch.tensor([[60.0, 0.0], [0.0, 60.0]], requires_grad=True)
    assert cross_entropy(logits, torch.tensor([0, 1])) == 0
    loss = focal_loss(logits, torch.tensor([0, 1]), gamma=gamma, focal=focal)
    loss.backward()
    assert loss < 1e-30
    assert logits.grad is not None and logits.grad.isfinite().all()


def test_an_unknown_form_lists_the_known_ones() -> None:
    with pytest.raises(InputError, match=r"did you mean per_batch.*none, per_batch, per_sample"):
        focal_loss(*batch(), focal="perbatch")


def _share_of_a_process(rank: int, folder: str) -> None:
    logits, labels = batch()
    mine = logits.detach()[6 * rank : 6 * rank + 6].requires_grad_()
    loss = focal_loss(mine, labels[6 * rank : 6 * rank + 6], focal="per_batch")
    loss.backward()
    torch.save((loss.detach(), mine.grad), Path(folder, f"{rank}.pt"))


def test_two_processes_have_the_loss_and_the_gradients_of_one(tmp_path: Path) -> None:
    logits, labels = batch()
    loss = focal_loss(logits, labels, focal="per_batch")
    loss.backward()
    in_two_processes(_share_of_a_process, tmp_path)
    shares = [torch.load(tmp_path / f"{rank}.pt", weights_only=True) for rank in range(2)]
    for their_loss, _ in shares:
        torch.testing.assert_close(their_loss, loss.detach())
    # What is averaged over processes are gradients of their means over half of the batch.
    torch.testing.assert_close(torch.cat([gradient for _, gradient in shares]) / 2, logits.grad)
