"""Virtual faces: embeddings that no photograph has, to fill a cohort up where it is thin.

The paper makes virtual images with a GAN. Images of any generator can be a cohort as they are (``align.manifest``);
what is made here are embeddings.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import normalize

from fdemd.errors import InputError
from fdemd.tensors.checks import checked
from fdemd.tensors.directions import unit

Generator = Callable[[Tensor, int, torch.Generator], Tensor]
"""Embeddings of a cohort ``(Z, D)`` of unit length, how many to make, source of randomness -> ``(n, D)``."""

_NEIGHBOURS = 10
"""Nearest faces of the cohort, one of which a face is mixed with."""


@checked(cohort="finite Z D")
def interpolate(cohort: Tensor, count: int, generator: torch.Generator) -> Tensor:
    """Return points between a face drawn from the cohort and one of its ten nearest, anywhere on the way.

    Args:
        cohort: Embeddings ``(Z, D)`` of unit length.
        count: Number of faces to make.
        generator: Source of randomness.
    """
    _check_size(cohort, count)
    drawn = torch.randint(len(cohort), (count,), generator=generator)
    similarity = (cohort[drawn] @ cohort.T).scatter(1, drawn[:, None], -torch.inf)
    nearest = similarity.topk(min(_NEIGHBOURS, len(cohort) - 1), dim=1).indices
    choice = torch.randint(nearest.shape[1], (count, 1), generator=generator)
    share = torch.rand(count, 1, generator=generator)
    return normalize((1 - share) * cohort[drawn] + share * cohort[nearest.gather(1, choice)[:, 0]], dim=1)


@checked(cohort="finite Z D")
def perturb(cohort: Tensor, count: int, generator: torch.Generator) -> Tensor:
    """Return faces drawn from the cohort, each moved in a random direction as far as its nearest neighbour is away.

    Args:
        cohort: Embeddings ``(Z, D)`` of unit length.
        count: Number of faces to make.
        generator: Source of randomness.
    """
    _check_size(cohort, count)
    drawn = torch.randint(len(cohort), (count,), generator=generator)
    nearest = (cohort[drawn] @ cohort.T).scatter(1, drawn[:, None], -torch.inf).amax(1, keepdim=True)
    distance = (2 - 2 * nearest).clamp_min(0).sqrt()
    direction = normalize(torch.randn(count, cohort.shape[1], generator=generator), dim=1)
    return normalize(cohort[drawn] + distance * direction, dim=1)


GENERATORS: dict[str, Generator] = {"interpolated": interpolate, "perturbed": perturb}
"""Name that ``align.generator`` takes -> generator; another one is added here and in the section's ``Literal``."""


@checked(cohort="real Z D")
def enlarge(cohort: Tensor, count: int, generate: Generator, seed: int) -> Tensor:
    """Return a cohort of unit length with virtual faces behind the real ones, ``(Z + count, D)``.

    Args:
        cohort: Embeddings ``(Z, D)`` of any length.
        count: Number of virtual faces.
        generate: How they are made.
        seed: Seed of their randomness.
    """
    faces = unit(cohort, "the cohort's embeddings")
    made = generate(faces, count, torch.Generator().manual_seed(seed))
    return torch.cat([faces, normalize(made, dim=1)])


def _check_size(cohort: Tensor, count: int) -> None:
    if count < 0:
        raise ValueError(f"{count} faces cannot be made.")
    if len(cohort) < 2:
        raise InputError("Virtual faces are made from two faces of a cohort or more; give a larger cohort.")
