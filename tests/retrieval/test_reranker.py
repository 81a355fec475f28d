"""The contract of re-rankers: what they return is taken if it fits the shortlist, else told in a sentence."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from fdemd.errors import InputError
from fdemd.retrieval.reranker import Similarity, check_similarity

SHORTLIST = torch.arange(24)[:, None] + torch.arange(10)


def values(shortlist: Tensor) -> Tensor:
    return torch.zeros(shortlist.shape)


def flags(shortlist: Tensor) -> Tensor:
    return torch.zeros(shortlist.shape, dtype=torch.bool)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_floating_point_values_with_or_without_flags_are_taken(dtype: torch.dtype) -> None:
    bare = Similarity(values(SHORTLIST).to(dtype))
    full = Similarity(values(SHORTLIST).to(dtype), flags(SHORTLIST), flags(SHORTLIST), "cpu")
    for said in (bare, full):
        assert check_similarity(said, SHORTLIST, "Mine") is said


@pytest.mark.parametrize(
    ("say", "complaint"),
    [
        (values, "returned a Tensor; it must return a Similarity"),
        (lambda rows: Similarity(values(rows).numpy()), r"returned values a ndarray \(24, 10\)"),
        (
            lambda rows: Similarity(values(rows)[:, :3]),
            r"returned values a Tensor \(24, 3\) on cpu; a shortlist that is",
        ),
        (lambda rows: Similarity(rows), "returned values of torch.int64; they must be floating point numbers"),
        (lambda rows: Similarity(values(rows) / 0), "not finite"),
        (lambda rows: Similarity(values(rows), fallback=values(rows)), "returned fallback of torch.float32"),
        (lambda rows: Similarity(values(rows), unfinished=values(rows)[0] > 0), r"returned unfinished a Tensor \(10\)"),
    ],
)
def test_what_breaks_the_contract_is_told(say: Callable[[Tensor], Any], complaint: str) -> None:
    with pytest.raises(InputError, match=f"The re-ranker Mine .*{complaint}"):
        check_similarity(say(SHORTLIST), SHORTLIST, "Mine")
