"""Unit vectors are right for every finite vector, and the same to the digit for ordinary ones."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.functional import cosine_similarity, normalize

from fdemd.errors import InputError
from fdemd.tensors.directions import cosine_of_pairs, finite, in_range, unit, unit_unseen

TYPES = [torch.float16, torch.bfloat16, torch.float32, torch.float64]


@given(st.integers(0, 2**16), st.sampled_from(TYPES), st.integers(1, 70))
@settings(max_examples=60)
def test_ordinary_vectors_are_those_of_torch_bit_for_bit(seed: int, dtype: torch.dtype, length: int) -> None:
    vectors = torch.randn(5, length, generator=torch.Generator().manual_seed(seed)).to(dtype)
    assert torch.equal(unit(vectors, "them"), normalize(vectors.float(), dim=-1))
    assert torch.equal(in_range(vectors), vectors)


@pytest.mark.parametrize(
    ("dtype", "exponents"),
    [(torch.float32, range(-42, 38)), (torch.bfloat16, range(-37, 38)), (torch.float64, range(-300, 300, 7))],
)
def test_extreme_vectors_keep_their_direction(dtype: torch.dtype, exponents: range) -> None:
    """Of float32 even numbers below the smallest normal one, of which fewer digits are stored."""
    vector = torch.tensor([3.0, -4, 0, 0.5], dtype=torch.float64)
    for exponent in exponents:
        stored = (vector * 10.0**exponent).to(dtype)
        exact = stored.double() / stored.double().abs().max()
        torch.testing.assert_close(unit(stored, "it").double(), exact / exact.norm(), atol=1e-6, rtol=0)


def test_a_vector_of_zeros_stays_so_also_beside_extreme_ones() -> None:
    vectors = torch.tensor([[0.0, 0], [3e30, 4e30], [3, 4]])
    assert unit(vectors, "them").tolist() == [
        [0, 0],
        [pytest.approx(0.6), pytest.approx(0.8)],
        normalize(vectors)[2].tolist(),
    ]


@pytest.mark.parametrize("value", [torch.nan, torch.inf, -torch.inf])
def test_what_is_not_finite_is_refused_by_name(value: float) -> None:
    for function in (finite, unit):
        with pytest.raises(InputError, match="Some values of the embeddings are not finite"):
            function(torch.tensor([[1.0, 2], [value, 1]]), "the embeddings")


@given(st.integers(0, 2**16), st.sampled_from(TYPES), st.integers(1, 70))
@settings(max_examples=30)
def test_those_that_are_not_looked_at_are_those_of_torch_too(seed: int, dtype: torch.dtype, length: int) -> None:
    vectors = torch.randn(5, length, generator=torch.Generator().manual_seed(seed)).to(dtype).requires_grad_()
    same = vectors.detach().clone().requires_grad_()
    full = torch.promote_types(dtype, torch.float32)
    found, expected = unit_unseen(vectors), normalize(same.to(full), dim=-1)
    assert found.dtype == full
    assert torch.equal(found, expected)
    (found * torch.arange(length)).sum().backward()
    (expected * torch.arange(length)).sum().backward()
    assert torch.equal(vectors.grad, same.grad)


def test_gradients_are_those_of_torch() -> None:
    ordinary, same = (torch.randn(3, 4, generator=torch.Generator().manual_seed(1)).requires_grad_() for _ in range(2))
    (unit(ordinary, "them") * torch.arange(4)).sum().backward()
    (normalize(same, dim=-1) * torch.arange(4)).sum().backward()
    assert torch.equal(ordinary.grad, same.grad)


@given(st.integers(0, 2**16), st.integers(-110, 120), st.integers(-110, 120))
def test_cosines_of_pairs_are_those_of_torch_however_long_the_vectors_are(seed: int, one: int, other: int) -> None:
    first, second = torch.randn(2, 5, 8, generator=torch.Generator().manual_seed(seed))
    found = cosine_of_pairs(first * 2.0**one, second * 2.0**other)
    torch.testing.assert_close(found, cosine_similarity(first, second), atol=1e-6, rtol=0)
    assert torch.equal(cosine_of_pairs(first, second), cosine_similarity(first, second))


def test_the_cosine_with_a_vector_of_zeros_is_0() -> None:
    assert cosine_of_pairs(torch.zeros(1, 3), torch.ones(1, 3)).item() == 0
