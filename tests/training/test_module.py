"""Steps of a training: what each loss changes, and what happens when it is no number."""

import pytest
import torch
from torch import Tensor

from fdemd.cli.command_line import main
from fdemd.features import Features
from fdemd.jobs import run
from fdemd.losses.scale_head import read_scale_head
from tests.short_training import Tiny, same_weights, train, weights_of

pytestmark = pytest.mark.usefixtures("tiny")


def test_training_changes_the_network_and_the_class_weights(settings: list[str]) -> None:
    few, many = (train(*settings, f"trainer.max_steps={steps}").checkpoint("last") for steps in (1, 5))
    first, second = weights_of(few), weights_of(many)
    for key in ("backbone.embed.weight", "backbone.layers.1.weight", "criterion.head.weight"):
        assert not torch.equal(first[key], second[key]), key


def test_a_loss_that_is_no_number_stops_the_run_and_names_the_photographs(
    settings: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    forward = Tiny.forward

    def spoilt(network: Tiny, faces: Tensor) -> Features:
        features = forward(network, faces)
        return (
            Features(features.embedding * torch.nan, features.patches, features.grid) if network.training else features
        )

    monkeypatch.setattr(Tiny, "forward", spoilt)
    assert main("train", run, "test", [*settings, "validation.people=0"]) == 2
    sentence = capsys.readouterr().err
    assert "the loss became nan at step" in sentence
    assert sentence.count(".pgm") == 4


def test_otface_trains_and_with_a_weight_of_0_as_the_margin_loss_does(settings: list[str]) -> None:
    short = [*settings, "batches.people=2", "trainer.max_steps=4"]
    margin = train(*short, "loss=arcface", "batches.order=balanced")
    without = train(*short, "loss=otface", "loss.transport.weight=0")
    otface = train(*short, "loss=otface", "loss.transport.warmup=0", "loss.transport.hard_margin=2")
    expected = weights_of(margin.checkpoint("last"))
    found = weights_of(without.checkpoint("last"))
    assert all(torch.equal(found[key], value) for key, value in expected.items())
    assert not same_weights(without.checkpoint("last"), otface.checkpoint("last"))
    assert otface.metrics["train/hard_triplets"] == 4
    assert otface.metrics["train/transport"] > 0


def test_scaleface_leaves_the_network_as_it_was_and_its_head_can_be_read_back(settings: list[str]) -> None:
    few, many = (
        train(*settings, "loss=scaleface", f"trainer.max_steps={steps}").checkpoint("last") for steps in (1, 4)
    )
    first, second = weights_of(few), weights_of(many)
    moved = {name for name in first if not torch.equal(first[name], second[name])}
    assert {"criterion.scale_head.layers.0.weight", "criterion.scale_head.layers.3.weight"} <= moved
    assert all(name.startswith("criterion.scale_head.") for name in moved)
    assert second["criterion.head.weight"].abs().sum() > 0
    head = read_scale_head(many)
    assert not head.training and float(head.limit) == 64
    assert all(torch.equal(value, second[f"criterion.scale_head.{name}"]) for name, value in head.state_dict().items())


def test_scaleface_trains_the_network_as_well_if_asked_to(settings: list[str]) -> None:
    short = [*settings, "loss=scaleface", "loss.scale_head.frozen=false"]
    first, second = (weights_of(train(*short, f"trainer.max_steps={steps}").checkpoint("last")) for steps in (1, 3))
    for name in ("backbone.embed.weight", "criterion.head.weight", "criterion.scale_head.layers.0.weight"):
        assert not torch.equal(first[name], second[name]), name
