"""OTFace against its formula in float64 with an exact solver's stopping, and where gradients could break."""

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn.functional import cosine_similarity

from fdemd.errors import InputError
from fdemd.features import Features
from fdemd.losses import Criterion, OTFaceCriterion, build_criterion
from fdemd.losses.otface import transport_violation
from fdemd.losses.triplets import hard_triplets
from fdemd.settings.checking import check_settings
from fdemd.settings.training import ArcFaceLoss, Transport
from tests.losses.sections import loss_section

SIZE, PEOPLE = 8, 4


def transport_section(**changes: Any) -> Transport:
    """The section ``loss.transport`` of ``configs/loss/otface.yaml`` with some settings changed."""
    loss = loss_section("otface")
    assert isinstance(loss, ArcFaceLoss) and loss.transport is not None
    return check_settings(Transport, loss.transport.plain() | changes)


EXACT = transport_section(rounds=1000)


def batch(size: int = 8) -> tuple[Features, Tensor]:
    """Two faces each of four people, on grids of 2x3 patches."""
    generator = torch.Generator().manual_seed(3)
    embedding, patches = torch.randn(size, SIZE, generator=generator), torch.randn(size, 6, 5, generator=generator)
    features = Features(embedding.requires_grad_(), patches.requires_grad_(), (2, 3))
    return features, torch.arange(size) % PEOPLE


def criterion(**transport: Any) -> OTFaceCriterion:
    torch.manual_seed(0)
    loss = loss_section("otface", transport=transport_section(**transport))
    built = build_criterion(loss, embedding_size=SIZE, identities=PEOPLE)
    assert isinstance(built, OTFaceCriterion)
    return built


def plain() -> Criterion:
    torch.manual_seed(0)
    return build_criterion(loss_section("otface", without=["transport"]), embedding_size=SIZE, identities=PEOPLE)


def literal_cost(one: Tensor, other: Tensor, eps: float) -> Tensor:
    """Cost of moving one face's patches onto the other's: Sinkhorn in float64, uniform weights, to the end."""
    cost = 1 - cosine_similarity(one[:, None].double(), other[None].double(), dim=-1)
    kernel, weight = (-cost / eps).exp(), torch.full((len(one),), 1 / len(one), dtype=torch.float64)
    rows = torch.ones_like(weight)
    for _ in range(5000):
        columns = weight / (kernel.T @ rows)
        rows = weight / (kernel @ columns)
    return (rows[:, None] * kernel * columns * cost).sum()


def literal_violation(features: Features, labels: Tensor) -> Tensor:
    patches, triplets = features.patches, hard_triplets(features.embedding, labels, EXACT.hard_margin)
    terms = [
        (
            literal_cost(patches[anchor], patches[positive], EXACT.eps)
            - literal_cost(patches[anchor], patches[negative], EXACT.eps)
            + EXACT.margin
        ).clamp_min(0)
        for anchor, positive, negative in zip(*(part.tolist() for part in triplets), strict=True)
    ]
    return torch.stack(terms).mean()


@pytest.mark.parametrize("plan_detached", [True, False])
def test_the_loss_equals_the_literal_formula(plan_detached: bool) -> None:
    features, labels = batch()
    expected = literal_violation(features, labels)
    assert expected > 0
    loss, logits = criterion(warmup=0, rounds=1000, plan_detached=plan_detached)(features, labels)
    margin_loss, margin_logits = plain()(features, labels)
    torch.testing.assert_close(loss.double(), margin_loss.double() + 0.1 * expected, rtol=0, atol=1e-4)
    torch.testing.assert_close(logits, margin_logits)


@pytest.mark.slow
def test_through_the_plan_the_gradient_is_that_of_the_whole_formula() -> None:
    features, labels = batch()
    (expected,) = torch.autograd.grad(literal_violation(features, labels), features.patches)
    triplets = hard_triplets(features.embedding, labels, EXACT.hard_margin)
    found = {}
    for detached in (True, False):
        violation = transport_violation(features, triplets, EXACT.model_copy(update={"plan_detached": detached}))
        (found[detached],) = torch.autograd.grad(violation, features.patches)
    largest = float(expected.abs().max())
    # The second stage's stopping rule leaves its flow, and so the gradient, a little short of the end.
    torch.testing.assert_close(found[False], expected, rtol=0, atol=0.01 * largest)
    assert (found[True] - expected).abs().max() > 0.05 * largest, "the plan does move with the patches"


def test_a_weight_of_0_is_the_margin_loss_exactly() -> None:
    features, labels = batch()
    loss, logits = criterion(weight=0.0)(features, labels)
    expected, expected_logits = plain()(features, labels)
    assert torch.equal(loss, expected)
    assert torch.equal(logits, expected_logits)
    ours, theirs = (torch.autograd.grad(each, features.embedding)[0] for each in (loss, expected))
    assert torch.equal(ours, theirs)


def test_the_weight_warms_up_over_batches_and_is_kept_with_the_weights() -> None:
    features, labels = batch()
    (margin_loss, _), otface = plain()(features, labels), criterion(warmup=3)
    shares = []
    for _ in range(5):
        loss, _ = otface(features, labels)
        shares.append(((loss - margin_loss) / otface.figures["transport"]).item() / 0.1)
    assert shares == pytest.approx([0.25, 0.5, 0.75, 1, 1], abs=1e-4)
    resumed = criterion(warmup=3)
    resumed.load_state_dict(otface.state_dict())
    assert int(resumed.batches) == 5
    otface.eval()(features, labels)
    assert int(otface.batches) == 5


CASES = ["random", "equal", "opposite", "zeros", "one zero patch", "huge", "tiny"]


@settings(max_examples=60)
@given(
    case=st.sampled_from(CASES),
    labels=st.lists(st.integers(0, 2), min_size=2, max_size=6),
    plan_detached=st.booleans(),
    weighting=st.sampled_from(["uniform", "apc"]),
    seed=st.integers(0, 100),
)
def test_loss_and_gradients_are_finite(
    case: str, labels: list[int], plan_detached: bool, weighting: str, seed: int
) -> None:
    torch.manual_seed(seed)
    patches = torch.randn(len(labels), 4, 3)
    if case == "equal":
        patches = patches[:1, :1].expand(len(labels), 4, 3).clone()
    elif case == "opposite":
        patches = patches[:1] * torch.tensor([1.0, -1.0])[torch.arange(len(labels)) % 2, None, None]
    elif case == "zeros":
        patches = torch.zeros_like(patches)
    elif case == "one zero patch":
        patches[:, 1] = 0
    elif case in ("huge", "tiny"):
        patches *= 1e12 if case == "huge" else 1e-12
    embedding = torch.randn(len(labels), SIZE)
    features = Features(embedding.requires_grad_(), patches.requires_grad_(), (2, 2))
    loss, _ = criterion(warmup=0, plan_detached=plan_detached, weighting=weighting, hard_margin=2.0)(
        features, torch.tensor(labels)
    )
    loss.backward()
    assert loss.isfinite()
    assert features.embedding.grad is not None and features.embedding.grad.isfinite().all()
    assert features.patches.grad is None or features.patches.grad.isfinite().all()


def test_without_a_hard_triplet_the_margin_loss_is_alone() -> None:
    features, _ = batch()
    labels = torch.zeros(len(features), dtype=torch.long)  # one person
    otface = criterion(warmup=0)
    torch.testing.assert_close(otface(features, labels)[0], plain()(features, labels)[0], rtol=0, atol=0)
    assert otface.figures["hard_triplets"] == 0


def test_half_precision_around_it_changes_nothing() -> None:
    features, labels = batch()
    with torch.autocast("cpu", torch.bfloat16):
        loss, _ = criterion(warmup=0)(features, labels)
    torch.testing.assert_close(loss, criterion(warmup=0)(features, labels)[0], rtol=0, atol=0)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"weight": -1.0}, r"weight is -1\.0"),
        ({"weight": float("nan")}, "plain margin loss"),
        ({"warmup": -1}, "warmup is -1; it must be 0 or more"),
        ({"rounds": 0}, "it must be 1 or more"),
        ({"hard_margin": 3.0}, "from 0 to 2"),
        ({"weighting": "lmk"}, "weighting .lmk."),
        ({"weighting": "unifrom"}, "did you mean uniform"),
        ({"eps": 0.0}, "eps is 0"),
    ],
)
def test_mistakes_are_told_in_a_sentence(change: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        criterion(**change)
