"""Vectors of unit length, right for every finite vector: float32 cannot square what is above 1e19 or below 1e-23."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import cosine_similarity, normalize

from fdemd.errors import InputError

SHORTEST = 1e-12
"""Vectors count as at least this long, so that one of zeros has cosine 0 with every other."""
_LONGEST = 1e17
"""Products of vectors of this length, and sums of thousands of them, are far from the largest float32."""


def unit(vectors: Tensor, what: str) -> Tensor:
    """Vectors ``(..., D)`` divided by their length, float32; those of zeros stay so.

    Args:
        vectors: Vectors ``(..., D)`` of any type and size.
        what: What they are, for the error.

    Raises:
        InputError: some are not finite.
    """
    numbers = vectors.float()
    length = numbers.norm(dim=-1, keepdim=True)
    if not ordinary(length).all():
        numbers = in_range(finite(vectors, what)).float()
        length = numbers.norm(dim=-1, keepdim=True)
    return numbers / length.clamp_min(SHORTEST)


def unit_unseen(vectors: Tensor) -> Tensor:
    """Vectors ``(..., D)`` as :func:`unit` gives them, float64 ones in float64, without a look at what is finite."""
    return normalize(in_range(vectors).to(torch.promote_types(vectors.dtype, torch.float32)), dim=-1)


def cosine_of_pairs(one: Tensor, other: Tensor) -> Tensor:
    """Cosines ``(...)`` of vectors ``(..., D)`` with those in the same place; 0 with vectors of zeros.

    Ordinary vectors have those of :func:`torch.nn.functional.cosine_similarity` to the digit.
    """
    return cosine_similarity(in_range(one), in_range(other), dim=-1, eps=SHORTEST)


def ordinary(length: Tensor) -> Tensor:
    """Whether float32 can square and multiply vectors of these lengths."""
    return (length >= SHORTEST) & (length <= _LONGEST)


def finite(values: Tensor, what: str) -> Tensor:
    """Return ``values`` if all are finite.

    Raises:
        InputError: some are not.
    """
    if not values.detach().isfinite().all():
        raise InputError(
            f"Some values of {what} are not finite (NaN or infinity), as a damaged file or a network whose numbers "
            "overflow gives them; nothing can be compared with them."
        )
    return values


def in_range(vectors: Tensor) -> Tensor:
    """Vectors ``(..., D)`` of the same directions, of lengths that float32 can square and multiply.

    Ordinary ones and zeros stay as they are, and so does what is not finite. The others are multiplied by a power of
    two that brings their largest number to between 1/2 and 1, which loses no digit. Nothing waits for the numbers, as
    on a GPU a look at them would: those that stay are multiplied by 1.
    """
    if not vectors.shape[-1]:
        return vectors
    numbers = vectors.detach()
    numbers = numbers.to(torch.promote_types(torch.float32, numbers.dtype))
    regular = ordinary(numbers.norm(dim=-1, keepdim=True))
    largest = numbers.abs().amax(-1, keepdim=True)
    return by_power_of_two(vectors, largest.masked_fill(regular | ~largest.isfinite(), 0))


def by_power_of_two(values: Tensor, largest: Tensor) -> Tensor:
    """Values times the power of two that brings ``largest`` to between 1/2 and 1; where that is 0, as they are."""
    exponent = -torch.frexp(largest.detach()).exponent
    # In two steps: one power may be beyond the largest number of the type.
    for part in (exponent // 2, exponent - exponent // 2):
        values = values * torch.exp2(part.double()).to(values.dtype)
    return values
