"""Heads against literal float64 formulas, pytorch-metric-learning, finite differences, and at their edges."""

import math
from collections.abc import Callable

import pytest
import torch
from pytorch_metric_learning.losses import ArcFaceLoss, CosFaceLoss
from torch import Tensor
from torch.nn.functional import cross_entropy, linear

from fdemd.errors import InputError
from fdemd.losses import ArcFaceHead, CosFaceHead, Head, SoftmaxHead

SIZE, PEOPLE = 16, 7
HEADS: dict[str, Callable[..., Head]] = {"arcface": ArcFaceHead, "cosface": CosFaceHead, "softmax": SoftmaxHead}
MARGINS: list[tuple[str, dict[str, object]]] = [
    ("arcface", {}),
    ("arcface", {"margin": 1.2, "scale": 64.0}),
    ("arcface", {"easy_margin": True}),
    ("cosface", {}),
    ("cosface", {"margin": 0.1, "scale": 64.0}),
]


def batch(size: int = 40) -> tuple[Tensor, Tensor]:
    """Faces at all angles to the centres, obtuse ones too."""
    generator = torch.Generator().manual_seed(1)
    return torch.randn(size, SIZE, generator=generator) * 3, torch.randint(PEOPLE, (size,), generator=generator)


def literal(head: Head, embedding: Tensor, labels: Tensor) -> Tensor:
    """Logits of a margin head, one angle at a time, in the precision of the embedding."""
    rows = []
    for face, label in zip(embedding, labels.tolist(), strict=True):
        row = []
        for person, centre in enumerate(head.weight.to(embedding.dtype)):
            cosine = face @ centre / (face.norm() * centre.norm())
            theta = torch.acos(cosine)
            if person != label:
                row.append(cosine)
            elif isinstance(head, CosFaceHead):
                row.append(cosine - head.margin)
            else:
                assert isinstance(head, ArcFaceHead)
                furthest = math.pi / 2 if head.easy_margin else math.pi - head.margin
                otherwise = cosine if head.easy_margin else cosine - head.margin * math.sin(math.pi - head.margin)
                row.append(torch.cos(theta + head.margin) if theta < furthest else otherwise)
        rows.append(torch.stack(row))
    return head.scale * torch.stack(rows)


@pytest.mark.parametrize(("name", "settings"), MARGINS)
def test_logits_and_gradients_equal_the_literal_formula(name: str, settings: dict[str, object]) -> None:
    """In float64 to 1e-9; in float32, as it is used, gradients to 1e-6 of the largest."""
    head = HEADS[name](SIZE, PEOPLE, **settings)
    embedding, labels = batch()
    slow = embedding.double().requires_grad_()
    expected = literal(head, slow, labels)
    cross_entropy(expected, labels).backward()
    assert slow.grad is not None and head.weight.grad is not None
    expected_gradients, head.weight.grad = (slow.grad, head.weight.grad.double()), None

    for dtype, tolerance in ((torch.float64, 1e-9), (torch.float32, 1e-6)):
        fast = embedding.to(dtype).requires_grad_()
        logits = head(fast, labels)
        torch.testing.assert_close(logits.double(), expected, rtol=0, atol=head.scale * tolerance)
        cross_entropy(logits, labels).backward()
        for found, right in zip((fast.grad, head.weight.grad), expected_gradients, strict=True):
            assert found is not None
            # Centres are float32, and so is their gradient.
            atol = float(right.abs().max()) * (tolerance if found.dtype == torch.float64 else 1e-6)
            torch.testing.assert_close(found.double(), right, rtol=0, atol=atol)
        head.weight.grad = None


@pytest.mark.parametrize(
    ("name", "theirs"),
    [
        # It takes its margin in degrees.
        ("arcface", lambda: ArcFaceLoss(PEOPLE, SIZE, margin=math.degrees(0.5), scale=30)),
        ("cosface", lambda: CosFaceLoss(PEOPLE, SIZE, margin=0.35, scale=30)),
    ],
)
def test_losses_and_gradients_equal_pytorch_metric_learning(
    name: str, theirs: Callable[[], ArcFaceLoss | CosFaceLoss]
) -> None:
    head, other = HEADS[name](SIZE, PEOPLE), theirs()
    embedding, labels = batch()
    with torch.no_grad():
        other.W.copy_(head.weight.T)
    ours, expected = cross_entropy(head(embedding, labels), labels), other(embedding, labels)
    torch.testing.assert_close(ours, expected, rtol=1e-6, atol=1e-5)
    ours.backward()
    expected.backward()
    assert head.weight.grad is not None
    torch.testing.assert_close(head.weight.grad, other.W.grad.T, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("name", "settings"), [*MARGINS, ("softmax", {})])
def test_gradients_are_those_of_finite_differences(name: str, settings: dict[str, object]) -> None:
    head = HEADS[name](SIZE, PEOPLE, **settings).double()
    embedding, labels = batch(5)
    embedding = embedding.double().requires_grad_()
    assert torch.autograd.gradcheck(lambda faces, _: head(faces, labels), (embedding, head.weight))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize(("name", "settings"), MARGINS)
@pytest.mark.parametrize("cosine", [1.0, -1.0, 1 - 1e-7, -1 + 1e-7, 1 + 1e-6, -1 - 1e-6])
def test_gradients_at_the_ends_of_the_cosine_are_finite(
    name: str, settings: dict[str, object], cosine: float, dtype: torch.dtype
) -> None:
    head = HEADS[name](SIZE, PEOPLE, **settings)
    cosines = torch.full((1, PEOPLE), cosine, dtype=dtype, requires_grad=True)
    lowered = head.with_margin(cosines, torch.tensor([2]))
    lowered.sum().backward()
    assert cosines.grad is not None and cosines.grad.isfinite().all() and lowered.isfinite().all()


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize(("name", "settings"), MARGINS)
def test_a_face_on_its_own_centre_or_opposite_trains_on(name: str, settings: dict[str, object], sign: int) -> None:
    """Both where rounding gives a cosine of exactly 1 and where it gives one just beside it, which was measured."""
    head = HEADS[name](512, PEOPLE, **settings)
    labels = torch.arange(PEOPLE)
    embedding = (sign * head.weight.detach() * torch.logspace(-3, 3, PEOPLE)[:, None]).requires_grad_()
    cross_entropy(head(embedding, labels), labels).backward()
    for gradient in (embedding.grad, head.weight.grad):
        assert gradient is not None and gradient.isfinite().all()


def test_values_at_the_ends_of_the_cosine() -> None:
    arcface, easy, cosface = ArcFaceHead(4, 2), ArcFaceHead(4, 2, easy_margin=True), CosFaceHead(4, 2)
    ends, labels = torch.tensor([[1.0, 0.3], [-1.0, 0.3]]), torch.tensor([0, 0])
    for head, top, bottom in (
        (arcface, math.cos(0.5), -1 - 0.5 * math.sin(0.5)),
        (easy, math.cos(0.5), -1),
        (cosface, 0.65, -1.35),
    ):
        torch.testing.assert_close(head.with_margin(ends, labels), torch.tensor([[top, 0.3], [bottom, 0.3]]))


@pytest.mark.parametrize("name", ["arcface", "cosface"])
def test_without_margin_it_is_the_softmax_of_scaled_cosines(name: str) -> None:
    head = HEADS[name](SIZE, PEOPLE, margin=0.0)
    embedding, labels = batch()
    cosines = torch.cosine_similarity(embedding[:, None], head.weight[None], dim=-1)
    torch.testing.assert_close(head(embedding, labels), 30 * cosines, rtol=0, atol=3e-5)


@pytest.mark.parametrize("name", HEADS)
def test_half_precision_around_the_head_changes_nothing(name: str) -> None:
    """Only the rounding of the embedding that is handed over, as half precision networks do."""
    head = HEADS[name](SIZE, PEOPLE)
    embedding, labels = batch()
    rounded = embedding.bfloat16()
    with torch.autocast("cpu", torch.bfloat16):
        assert linear(embedding, embedding).dtype == torch.bfloat16
        logits = head(rounded, labels)
    assert logits.dtype == torch.float32
    torch.testing.assert_close(logits, head(rounded.float(), labels), rtol=0, atol=0)


@pytest.mark.parametrize("name", ["arcface", "cosface"])
def test_a_scale_of_each_face_can_take_the_place_of_the_common_one(name: str) -> None:
    head = HEADS[name](SIZE, PEOPLE)
    embedding, labels = batch()
    scale = torch.rand(len(labels), 1) * 60 + 1
    margined = head.with_margin(head.similarity(embedding), labels)
    torch.testing.assert_close(scale * margined, scale / head.scale * head(embedding, labels))


@pytest.mark.parametrize(
    ("name", "settings", "sentence"),
    [
        ("arcface", {"margin": 28.6}, r"margin is 28\.6; ArcFace's is an angle in radians.*28\.6 degrees"),
        ("arcface", {"margin": -0.1}, "radians"),
        ("arcface", {"margin": math.nan}, "radians"),
        ("cosface", {"margin": 1.5}, r"margin is 1\.5; .*0 to 1"),
        ("cosface", {"scale": 0.0}, r"scale is 0\.0; .*above 0"),
        ("arcface", {"scale": math.inf}, "above 0"),
    ],
)
def test_mistakes_are_told_in_a_sentence(name: str, settings: dict[str, object], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        HEADS[name](SIZE, PEOPLE, **settings)
