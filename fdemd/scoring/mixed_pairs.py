"""Pairs of a query and a gallery face, half of them of one person."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from fdemd.retrieval.protocol import Labels, left_out_of_all, tiles


class MixedPairs(NamedTuple):
    """``(P,)`` each: row of the query, row of the gallery face, and whether both show one person."""

    query: Tensor
    gallery: Tensor
    same: Tensor


def draw_pairs(query: Labels, gallery: Labels, *, protocol: str, most: int, generator: torch.Generator) -> MixedPairs:
    """Draw pairs of one person, all of them or ``most``, and as many of two, without repetition if there are enough.

    Args:
        query: Labels of the queries.
        gallery: Labels of the gallery; two people or more.
        protocol: What may be compared, see :mod:`fdemd.retrieval.protocol`.
        most: Largest number of pairs of one person.
        generator: Source of the draw.
    """
    found = [torch.zeros(0, 2, dtype=torch.long)]
    for rows, columns in tiles(len(query), len(gallery)):
        some, faces = query[rows], gallery[columns]
        same = (faces.identity == some.identity[:, None]) & ~left_out_of_all(some, faces, protocol)
        found.append(same.nonzero() + torch.tensor([rows.start, columns.start]))
    mated = torch.cat(found)
    mated = mated[torch.randperm(len(mated), generator=generator)[:most].sort().values]
    strangers = _strangers(query, gallery, len(mated), generator)
    rows, columns = torch.cat([mated, strangers]).T
    return MixedPairs(rows, columns, torch.arange(len(rows)) < len(mated))


def _strangers(query: Labels, gallery: Labels, wanted: int, generator: torch.Generator) -> Tensor:
    """Different pairs of two people, ``(wanted, 2)``, fewer where there are not so many."""
    all_pairs = len(query) * len(gallery)
    if all_pairs <= 4 * wanted + 1024:
        numbers = torch.arange(all_pairs)
    else:
        numbers = torch.randint(all_pairs, (4 * wanted,), generator=generator).unique()
    row, column = numbers // len(gallery), numbers % len(gallery)
    two = gallery.identity[column] != query.identity[row]
    row, column = row[two], column[two]
    order = torch.randperm(len(row), generator=generator)[:wanted].sort().values
    return torch.stack([row[order], column[order]], dim=1)
