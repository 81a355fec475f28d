"""Head and loss together, as training uses them and as configs/loss describes them."""

from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, normalize

from fdemd.errors import InputError
from fdemd.features import Features
from fdemd.losses import Criterion, build_criterion, focal_loss
from tests.losses.sections import SECTIONS, loss_section

SIZE, PEOPLE = 8, 5


def faces(embedding: Tensor) -> Features:
    """Features of which only the embedding is looked at."""
    return Features(embedding, embedding[:, None], (1, 1))


def criterion_of(name: str, **changes: Any) -> Criterion:
    """The criterion of ``configs/loss/NAME.yaml`` with some settings changed."""
    return build_criterion(loss_section(name, **changes), embedding_size=SIZE, identities=PEOPLE)


def test_loss_is_of_the_logits_with_margin_and_accuracy_of_those_without() -> None:
    criterion = criterion_of("arcface", focal="per_sample", gamma=1.5)
    embedding, labels = torch.randn(6, SIZE), torch.arange(6) % PEOPLE
    loss, logits = criterion(faces(embedding), labels)
    torch.testing.assert_close(logits, 30 * normalize(embedding) @ normalize(criterion.head.weight).detach().T)
    torch.testing.assert_close(loss, focal_loss(criterion.head(embedding, labels), labels, gamma=1.5))
    assert loss > focal_loss(logits, labels, gamma=1.5)
    assert not logits.requires_grad


@pytest.mark.parametrize("name", SECTIONS)
def test_the_centres_are_trained(name: str) -> None:
    """Faces that are given can be told apart by moving the centres alone."""
    criterion = criterion_of(name)
    embedding, labels = torch.randn(PEOPLE, SIZE), torch.arange(PEOPLE)
    optimizer = torch.optim.SGD(criterion.parameters(), lr=0.1)
    before = criterion.head.weight.detach().clone()
    losses = []
    for _ in range(200):
        loss, logits = criterion(faces(embedding), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert (criterion.head.weight.detach() - before).abs().max() > 0.01
    assert losses[-1] < losses[0] / 2
    assert (logits.argmax(1) == labels).all()


def test_training_in_half_precision_keeps_the_loss_in_full() -> None:
    criterion = criterion_of("cosface")
    layer = torch.nn.Linear(SIZE, SIZE)
    with torch.autocast("cpu", torch.bfloat16):
        loss, logits = criterion(faces(layer(torch.randn(4, SIZE))), torch.arange(4))
    assert loss.dtype == logits.dtype == torch.float32
    loss.backward()
    assert layer.weight.grad is not None and layer.weight.grad.abs().sum() > 0


def test_softmax_is_the_cross_entropy_of_a_linear_layer() -> None:
    criterion = criterion_of("softmax")
    embedding, labels = torch.randn(6, SIZE), torch.arange(6) % PEOPLE
    loss, logits = criterion(faces(embedding), labels)
    torch.testing.assert_close(loss, cross_entropy(embedding @ criterion.head.weight.T, labels))
    torch.testing.assert_close(loss.detach(), cross_entropy(logits, labels))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"gamma": -1.0}, r"gamma is -1\.0; it must be 0 .*or above"),
        ({"gamma": float("nan")}, "or above"),
        ({"focal": "per_bach"}, "did you mean per_batch"),
        ({"margin": 45}, "radians"),
    ],
)
def test_mistakes_are_told_in_a_sentence(change: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        criterion_of("arcface", **change)


@pytest.mark.parametrize("name", ["arcface", "cosface", "softmax"])
@pytest.mark.parametrize("focal", ["none", "per_sample", "per_batch"])
def test_a_step_looks_once_at_what_a_gpu_has_computed(monkeypatch: pytest.MonkeyPatch, name: str, focal: str) -> None:
    """To look is to wait; the one look is at the labels."""
    criterion = criterion_of(name, focal=focal)
    looks: list[Tensor] = []
    plain = Tensor.__bool__
    monkeypatch.setattr(Tensor, "__bool__", lambda tensor: looks.append(tensor) or plain(tensor))
    criterion(faces(torch.randn(4, SIZE)), torch.arange(4))
    assert len(looks) == 1
    with pytest.raises(ValueError, match="Labels are numbers from 0 to 4"):
        criterion(faces(torch.randn(4, SIZE)), torch.tensor([0, 1, 2, PEOPLE]))
