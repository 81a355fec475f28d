"""Which gallery photographs a query may be compared with. The choice decides the figures, so it has a name.

An occluded query is made from a photograph that is itself in the gallery: its *twin*. The published evaluation leaves
the twin in, so that P@1 mostly measures finding the same photograph again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from fdemd.errors import unknown
from fdemd.retrieval.ranking import NOBODY
from fdemd.tensors.checks import check, checked

OFFICIAL = "official"
LEAVE_TWIN_OUT = "leave-twin-out"
LEAVE_ONE_OUT = "leave-one-out"
PROTOCOLS = (LEAVE_TWIN_OUT, OFFICIAL)
"""What a run can be asked for. A clean query never finds itself under either: that is leave-one-out."""

_QUERIES_AT_ONCE = 256
_GALLERY_AT_ONCE = 2**14
"""A table of 256 queries by 16,384 gallery faces takes 16 MiB in float32."""


@dataclass(frozen=True)
class Labels:
    """Where each face of a set comes from, as integers that queries and gallery share.

    Attributes:
        identity: ``(B,)`` the person.
        source: ``(B,)`` the photograph that the face was made from; twins share it.
        picture: ``(B,)`` the picture itself; a query with a gallery face's number *is* that gallery face.

    Example:
        >>> len(Labels.distinct(torch.tensor([7, 7, 8])))
        3
    """

    identity: Tensor
    source: Tensor
    picture: Tensor

    def __post_init__(self) -> None:
        check({name: (getattr(self, name), "whole B") for name in ("identity", "source", "picture")})

    @classmethod
    def distinct(cls, identity: Tensor, first: int = 0) -> Labels:
        """Return the labels of faces that each come from a photograph of their own.

        Args:
            identity: ``(B,)`` the people.
            first: Number of the first photograph; queries that are not in the gallery are to have other numbers.
        """
        rows = torch.arange(first, first + len(identity), device=identity.device)
        return cls(identity, rows, rows)

    def __len__(self) -> int:
        return len(self.identity)

    def __getitem__(self, rows: Tensor | slice) -> Labels:
        return Labels(self.identity[rows], self.source[rows], self.picture[rows])


def tiles(queries: int, gallery: int) -> Iterator[tuple[slice, slice]]:
    """Cut a table of queries and gallery into tiles of limited size, those of some queries from left to right."""
    for top in range(0, queries, _QUERIES_AT_ONCE):
        for left in range(0, gallery, _GALLERY_AT_ONCE):
            yield slice(top, min(top + _QUERIES_AT_ONCE, queries)), slice(left, min(left + _GALLERY_AT_ONCE, gallery))


@checked(indices="whole Q L")
def left_out(query: Labels, gallery: Labels, indices: Tensor, protocol: str) -> Tensor:
    """Return which of the candidates at ``indices (Q, L)`` the queries may not be compared with."""
    if protocol not in (*PROTOCOLS, LEAVE_ONE_OUT):
        raise unknown("protocol", protocol, (*PROTOCOLS, LEAVE_ONE_OUT))
    itself = gallery.picture[indices] == query.picture[:, None]
    if protocol == OFFICIAL:
        return itself
    return itself | (gallery.source[indices] == query.source[:, None])


def left_out_of_all(query: Labels, gallery: Labels, protocol: str) -> Tensor:
    """Boolean ``(Q, G)``: the same for every gallery face."""
    return left_out(query, gallery, torch.arange(len(gallery), device=gallery.identity.device)[None], protocol)


def barred_rows(query: Labels, gallery: Labels, protocol: str) -> Tensor:
    """Return the gallery rows that each query may not be compared with, ``(Q, b)``, filled up with ``NOBODY``."""
    found = [
        left_out_of_all(query[rows], gallery[columns], protocol).nonzero()
        + torch.tensor([rows.start, columns.start], device=query.identity.device)
        for rows, columns in tiles(len(query), len(gallery))
    ]
    number, row = torch.cat(found).T if found else torch.zeros(2, 0, dtype=torch.long)
    number, order = number.sort(stable=True)
    counts = number.bincount(minlength=len(query))
    place = torch.arange(len(number), device=number.device) - (counts.cumsum(0) - counts)[number]
    barred = row.new_full((len(query), int(counts.max()) if len(counts) else 0), NOBODY)
    barred[number, place] = row[order]
    return barred


def measured_protocols(protocols: Sequence[str], query: Labels, gallery: Labels) -> list[str]:
    """Return the protocols to measure: leave-one-out alone where all of them come to it.

    That is so if each query is in the gallery, and leaving out its source leaves out itself alone.
    """
    inside = torch.isin(query.picture, gallery.picture).all()
    return [LEAVE_ONE_OUT] if inside and len(gallery.source.unique()) == len(gallery) else list(protocols)


def count_relevant(query: Labels, gallery: Labels, protocol: str, *, legacy: bool = False) -> Tensor:
    """Return the number of gallery faces of each query's identity that it may be compared with, ``(Q,)``.

    Args:
        query: Labels of the queries.
        gallery: Labels of the gallery.
        protocol: One of :data:`PROTOCOLS`.
        legacy: Whether to count the query itself too where it is in the gallery, as the published code does.
            R-Precision and MAP@R then cannot reach 1; for comparison with the paper's tables only.
    """
    counts = torch.zeros(len(query), dtype=torch.long, device=query.identity.device)
    for rows, columns in tiles(len(query), len(gallery)):
        some, faces = query[rows], gallery[columns]
        out = left_out_of_all(some, faces, protocol)
        if legacy:
            out &= faces.picture != some.picture[:, None]
        counts[rows] += ((faces.identity == some.identity[:, None]) & ~out).sum(1)
    return counts


def most_left_out(query: Labels, gallery: Labels, protocol: str) -> int:
    """No query may not be compared with more gallery faces than this; some may be counted twice."""
    count = _occurrences(query.picture, gallery.picture)
    if protocol != OFFICIAL:
        count = count + _occurrences(query.source, gallery.source)
    return int(count.max()) if len(count) else 0


def _occurrences(values: Tensor, among: Tensor) -> Tensor:
    """How often each value occurs among the others."""
    ordered = among.sort().values
    return torch.searchsorted(ordered, values, right=True) - torch.searchsorted(ordered, values)
