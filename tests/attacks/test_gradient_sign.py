"""Attacks against losses whose best answer is known, against literal slow versions, and always within the budget."""

from collections.abc import Callable
from typing import get_args

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from fdemd.attacks import attack_faces, to_pixels
from fdemd.attacks.gradient_sign import fgsm, mi_fgsm, pgd
from fdemd.settings.queries import AdversarialQuery, AttackName

SHAPE = (3, 4, 5)
ATTACKS = get_args(AttackName)


def some_faces(count: int = 2) -> Tensor:
    """Whole grey levels, black and white among them."""
    return torch.randint(0, 256, (count, *SHAPE)).float() / 255


def linear(weights: Tensor) -> Callable[[Tensor], Tensor]:
    return lambda x: (weights * x).sum((1, 2, 3))


def distance_to(target: Tensor) -> Callable[[Tensor], Tensor]:
    """Raised by coming closer; its gradients differ from place to place."""
    return lambda x: -((x - target) ** 2 * torch.arange(1.0, 6.0)).sum((1, 2, 3))


def in_reach(x: Tensor, faces: Tensor, budget: float) -> Tensor:
    return torch.minimum(torch.maximum(x, faces - budget), faces + budget).clamp(0, 1)


def test_one_step_on_a_linear_loss_is_the_best_there_is() -> None:
    faces, weights = some_faces(), torch.randn(SHAPE)
    attacked = fgsm(linear(weights), faces, budget=0.1)
    torch.testing.assert_close(attacked, (faces + 0.1 * weights.sign()).clamp(0, 1))


@pytest.mark.parametrize("share", [-1.0, 0.5])
def test_pgd_starts_at_random_and_ends_at_the_best_place(share: float) -> None:
    faces, weights = some_faces(), torch.randn(SHAPE)
    start = torch.full_like(faces, share)
    first = pgd(linear(weights), faces, budget=0.1, steps=1, step_size=0.02, start=start)
    torch.testing.assert_close(first, in_reach((faces + share * 0.1).clamp(0, 1) + 0.02 * weights.sign(), faces, 0.1))
    last = pgd(linear(weights), faces, budget=0.1, steps=10, step_size=0.02, start=start)
    torch.testing.assert_close(last, (faces + 0.1 * weights.sign()).clamp(0, 1))


def test_momentum_follows_the_paper_step_by_step() -> None:
    """Algorithm 1 of Dong et al. (2018), one picture and one step at a time, its gradient in closed form."""
    faces, target = some_faces(), torch.rand(SHAPE)
    attacked = mi_fgsm(distance_to(target), faces, budget=0.2, steps=6, step_size=0.05, momentum=0.9)
    for face, found in zip(faces, attacked, strict=True):
        x, g = face, torch.zeros(SHAPE)
        for _ in range(6):
            gradient = -2 * (x - target) * torch.arange(1.0, 6.0)
            g = 0.9 * g + gradient / gradient.abs().sum()
            x = in_reach(x + 0.05 * g.sign(), face, 0.2)
        torch.testing.assert_close(found, x)


def test_without_a_gradient_nothing_moves() -> None:
    faces = some_faces()
    flat = linear(torch.zeros(SHAPE))
    assert torch.equal(fgsm(flat, faces, 0.1), faces)
    assert torch.equal(mi_fgsm(flat, faces, 0.1, 3, 0.05, 1.0), faces)


@pytest.mark.parametrize("name", ATTACKS)
def test_a_face_is_attacked_alike_alone_and_among_others(name: str) -> None:
    faces, start, loss = some_faces(4), torch.rand(4, *SHAPE) * 2 - 1, distance_to(torch.rand(SHAPE))
    attack = AdversarialQuery(attack=name, steps=4)
    together = attack_faces(attack, loss, faces, start)
    alone = [attack_faces(attack, loss, faces[row : row + 1], start[row : row + 1]) for row in range(4)]
    assert torch.equal(together, torch.cat(alone))


def test_gradients_are_there_even_where_inference_was_asked_for() -> None:
    faces, weights = some_faces(), torch.randn(SHAPE)
    with torch.inference_mode():
        attacked = fgsm(linear(weights), some_faces(), budget=0.1)
    assert not torch.equal(attacked, faces)


@settings(max_examples=60)
@given(
    name=st.sampled_from(ATTACKS),
    budget=st.integers(1, 255),
    steps=st.integers(1, 5),
    step_size=st.one_of(st.none(), st.floats(0.01, 255)),
    seed=st.integers(0, 999),
)
def test_pixels_keep_to_the_budget_and_to_8_bits(
    name: str, budget: int, steps: int, step_size: float | None, seed: int
) -> None:
    generator = torch.Generator().manual_seed(seed)
    levels = torch.randint(0, 256, (2, *SHAPE), generator=generator)
    start = torch.rand(2, *SHAPE, generator=generator) * 2 - 1
    loss = distance_to(torch.rand(SHAPE, generator=generator))
    attack = AdversarialQuery(attack=name, budget=budget, steps=steps, step_size=step_size)
    pixels = to_pixels(attack_faces(attack, loss, levels.float() / 255, start))
    assert pixels.dtype == torch.uint8
    assert (pixels.int() - levels).abs().max() <= budget


def test_the_whole_budget_is_used() -> None:
    faces, start = torch.full((1, *SHAPE), 128 / 255), torch.zeros(1, *SHAPE)
    for name in ATTACKS:
        attack = AdversarialQuery(attack=name, budget=8)
        pixels = to_pixels(attack_faces(attack, linear(torch.ones(SHAPE)), faces, start))
        assert (pixels == 136).all(), name
