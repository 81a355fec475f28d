"""ScaleFace's loss against its formula in float64, its head, and its frozen centres."""

import math
from typing import Any

import pytest
import torch
from torch import Tensor

from fdemd.errors import InputError
from fdemd.features import Features
from fdemd.losses import ScaleFaceCriterion, ScaleHead, SoftmaxHead, build_criterion
from tests.losses.sections import loss_section

SIZE, PEOPLE, PATCHES, CHANNELS = 8, 5, 4, 3


def criterion(head: str = "arcface", **changes: Any) -> ScaleFaceCriterion:
    scale_head = {"limit": 64.0, "hidden": 512, "frozen": True} | changes
    loss = loss_section("scaleface", head=head, scale_head=scale_head)
    built = build_criterion(loss, embedding_size=SIZE, identities=PEOPLE, map_size=PATCHES * CHANNELS)
    assert isinstance(built, ScaleFaceCriterion)
    return built


def batch(size: int = 20) -> tuple[Features, Tensor]:
    return Features(torch.randn(size, SIZE), torch.randn(size, PATCHES, CHANNELS), (2, 2)), torch.arange(size) % PEOPLE


def literal_loss(criterion: ScaleFaceCriterion, features: Features, labels: Tensor) -> float:
    """One face at a time in float64, with the published arc cosine."""
    layers = criterion.scale_head.layers
    hidden = features.patches.flatten(1).double() @ layers[0].weight.double().T
    hidden = (hidden - hidden.mean(0)) / (hidden.var(0, unbiased=False) + 1e-5).sqrt()
    logits = hidden.clamp_min(0) @ layers[3].weight[0].double()
    centres, losses = criterion.head.weight.double(), []
    for face, label, logit in zip(features.embedding.double(), labels.tolist(), logits.tolist(), strict=True):
        moved = face / face.norm() - criterion.origin.double()
        scale = 64 / (1 + math.exp(-logit))
        exponents = []
        for person, centre in enumerate(centres):
            cosine = (moved @ centre / (moved.norm() * centre.norm())).item()
            theta = math.acos(cosine)
            assert person != label or theta < math.pi - 0.5
            exponents.append(math.exp(scale * (math.cos(theta + 0.5) if person == label else cosine)))
        losses.append(-math.log(exponents[label] / sum(exponents)))
    return sum(losses) / len(losses)


@pytest.mark.parametrize("frozen", [True, False])
def test_the_loss_equals_the_literal_formula(frozen: bool) -> None:
    features, labels = batch()
    scaleface = criterion(frozen=frozen)
    scaleface.set_centres(features.embedding, labels)
    loss, _ = scaleface(features, labels)
    assert loss.item() == pytest.approx(literal_loss(scaleface, features, labels), rel=1e-5)


def test_frozen_centres_are_the_means_of_each_person_seen_from_the_mean_of_all() -> None:
    features, labels = batch()
    scaleface = criterion()
    scaleface.set_centres(features.embedding, labels)
    unit = features.embedding / features.embedding.norm(dim=1, keepdim=True)
    means = torch.stack([unit[labels == person].mean(0) for person in range(PEOPLE)])
    torch.testing.assert_close(scaleface.origin, means.mean(0))
    torch.testing.assert_close(scaleface.head.weight.data, means - means.mean(0))


def test_a_person_without_any_face_spoils_no_centre() -> None:
    """Not one photograph of theirs gave a face; a mean of nothing would be NaN, and the loss with it."""
    features, labels = batch()
    scaleface = criterion()
    labels = labels.clamp_max(PEOPLE - 2)
    scaleface.set_centres(features.embedding, labels)
    assert scaleface.origin.isfinite().all() and scaleface.head.weight.isfinite().all()
    assert scaleface(features, labels)[0].isfinite()


def test_frozen_only_the_scale_head_is_trained() -> None:
    assert {name for name, each in criterion().named_parameters() if each.requires_grad} == {
        "scale_head.layers.0.weight",
        "scale_head.layers.3.weight",
    }
    assert criterion(frozen=False).head.weight.requires_grad


def test_it_learns_to_be_less_sure_of_faces_that_look_like_nobody() -> None:
    """Faces with a mark in their patches have the embedding of somebody else."""
    centres = torch.eye(PEOPLE, SIZE)
    labels = torch.arange(40) % PEOPLE
    spoilt = torch.arange(40) >= 20
    patches = torch.randn(40, PATCHES, CHANNELS)
    patches[spoilt, 0] += 3
    embedding = torch.where(spoilt[:, None], centres[(labels + 1) % PEOPLE], centres[labels])
    scaleface = criterion(hidden=16)
    scaleface.set_centres(centres, torch.arange(PEOPLE))
    optimizer = torch.optim.SGD([each for each in scaleface.parameters() if each.requires_grad], lr=0.05)
    for _ in range(50):
        optimizer.zero_grad()
        scaleface(Features(embedding, patches, (2, 2)), labels)[0].backward()
        optimizer.step()
    scale = scaleface.eval().scale_head(patches)
    assert scale[spoilt].max() < scale[~spoilt].min()


@pytest.mark.parametrize("sign", [1, -1])
def test_gradients_on_a_centre_or_opposite_are_finite(sign: int) -> None:
    scaleface = criterion(frozen=False)
    labels = torch.arange(PEOPLE)
    embedding = (sign * scaleface.head.weight.detach()).requires_grad_()
    scaleface(Features(embedding, torch.randn(PEOPLE, PATCHES, CHANNELS), (2, 2)), labels)[0].backward()
    assert embedding.grad is not None and embedding.grad.isfinite().all()


def test_a_head_without_angles_is_refused() -> None:
    scale_head = ScaleHead(12, hidden=7, limit=64.0)
    with pytest.raises(InputError, match="needs cosines"):
        ScaleFaceCriterion(SoftmaxHead(SIZE, PEOPLE), scale_head, frozen=True, focal="none", gamma=2.0)
