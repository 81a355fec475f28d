"""Optimizers and learning rates against what their settings say."""

import pytest
import torch
from torch import nn

from fdemd.errors import InputError
from fdemd.settings.checking import check_settings
from fdemd.settings.training import Optimizer
from fdemd.training.optimizers import build_optimizer, learning_rate_factor

SETTINGS = Optimizer(
    name="sgd",
    lr=0.1,
    head_lr=10.0,
    momentum=0.9,
    weight_decay=0.01,
    decay_all=False,
    schedule="cosine",
    step_epochs=2,
    warmup=0.0,
)


def changed(**settings: object) -> Optimizer:
    """The section with some settings changed."""
    return check_settings(Optimizer, SETTINGS.plain() | settings)


def backbone() -> nn.Module:
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.PReLU(4))


def test_every_parameter_is_trained_once_and_the_head_by_its_own_rate() -> None:
    network, head = backbone(), nn.Linear(4, 2, bias=False)
    groups = build_optimizer(SETTINGS, network, head).param_groups
    trained = [parameter for group in groups for parameter in group["params"]]
    assert {id(parameter) for parameter in trained} == {id(p) for p in [*network.parameters(), *head.parameters()]}
    assert len(trained) == len({id(parameter) for parameter in trained})
    (of_head,) = [group for group in groups if group["params"][0] is head.weight]
    assert of_head["lr"] == pytest.approx(1.0)


def test_norms_biases_and_slopes_do_not_decay_unless_all_do() -> None:
    network, head = backbone(), nn.Linear(4, 2, bias=False)
    for group in build_optimizer(SETTINGS, network, head).param_groups:
        assert {parameter.ndim > 1 for parameter in group["params"]} == {group["weight_decay"] > 0}
    every = build_optimizer(changed(decay_all=True), network, head).param_groups
    assert {group["weight_decay"] for group in every} == {0.01}


def test_frozen_parameters_stay_out() -> None:
    network = backbone()
    network[0].requires_grad_(False)
    groups = build_optimizer(SETTINGS, network, nn.Linear(4, 2)).param_groups
    assert all(parameter.requires_grad for group in groups for parameter in group["params"])


def test_a_network_without_anything_to_train_is_refused() -> None:
    with pytest.raises(InputError, match="nothing to train"):
        build_optimizer(SETTINGS, backbone().requires_grad_(False), nn.Linear(4, 2))


def test_cosine_goes_from_one_to_zero_through_a_half() -> None:
    factor = learning_rate_factor(SETTINGS, steps=100, steps_an_epoch=10)
    assert [factor(step) for step in (0, 50, 100)] == pytest.approx([1, 0.5, 0])
    assert all(factor(step) > factor(step + 1) for step in range(99))


def test_warm_up_rises_linearly_to_the_full_rate() -> None:
    factor = learning_rate_factor(changed(warmup=0.1, schedule="constant"), steps=100, steps_an_epoch=10)
    rates = [factor(step) for step in range(12)]
    assert rates[:11] == pytest.approx([(step + 1) / 11 for step in range(11)])
    assert rates[11] == 1


def test_step_divides_by_ten_every_so_many_epochs_as_pytorch_does() -> None:
    factor = learning_rate_factor(changed(schedule="step"), steps=100, steps_an_epoch=10)
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=1.0)
    published = torch.optim.lr_scheduler.StepLR(optimizer, step_size=2, gamma=0.1)
    for step in range(60):
        assert factor(step) == pytest.approx(optimizer.param_groups[0]["lr"])
        if step % 10 == 9:
            optimizer.step()
            published.step()
