"""The plain softmax head."""

import torch
from torch.nn.functional import linear

from fdemd.losses import SoftmaxHead

SIZE, PEOPLE = 16, 7


def test_softmax_is_a_linear_layer() -> None:
    head = SoftmaxHead(SIZE, PEOPLE)
    embedding, labels = torch.randn(6, SIZE), torch.arange(6) % PEOPLE
    torch.testing.assert_close(head(embedding, labels), linear(embedding, head.weight))
    assert {name for name, _ in head.named_parameters()} == {"weight", "bias"}
