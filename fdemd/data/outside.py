"""Who is searched for without being in the gallery of an open set."""

from __future__ import annotations

import torch
from torch import Tensor

from fdemd.data.manifest import Manifest
from fdemd.errors import InputError


def people_outside(manifest: Manifest, share: float, seed: int) -> frozenset[str]:
    """Draw the people who are searched for without being in the gallery.

    Args:
        manifest: The photographs.
        share: Share of the people with query photographs to draw, in (0, 1); at least one is drawn and one left.
        seed: Seed of the draw.

    Raises:
        InputError: ``share`` out of range, or fewer than two people have query photographs.
    """
    if not 0 < share < 1:
        raise InputError(
            f"open_set.outside is {share}; it must lie above 0 and below 1: the share of people who are not in the "
            "gallery (the default is 0.5)."
        )
    people = sorted({photograph.identity for photograph in manifest.photographs if photograph.is_query})
    if len(people) < 2:
        raise InputError(
            f"{manifest.root} has query photographs of {len(people)} person; an open set needs two people at least, "
            "one inside the gallery and one outside."
        )
    count = min(max(round(share * len(people)), 1), len(people) - 1)
    order = torch.randperm(len(people), generator=torch.Generator().manual_seed(seed))
    return frozenset(people[number] for number in order[:count].tolist())


def inside(manifest: Manifest, rows: Tensor, outside: frozenset[str]) -> Tensor:
    """Return booleans ``(n,)``: which rows show people who are in the gallery.

    Args:
        manifest: The photographs.
        rows: Rows of the manifest ``(n,)``.
        outside: Names of the people who are not in the gallery.
    """
    return torch.tensor([manifest.photographs[row].identity not in outside for row in rows.tolist()], dtype=torch.bool)
