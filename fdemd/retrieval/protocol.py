"""Which gallery photographs a query may be compared with. The choice decides the figures, so it has a name.

An occluded query is made from a photograph that is itself in the gallery: its *twin*. The published evaluation leaves
the twin in, so that P@1 mostly measures finding the same photograph again (spec 1.8).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from fdemd.errors import unknown

OFFICIAL = "official"
LEAVE_TWIN_OUT = "leave-twin-out"
LEAVE_ONE_OUT = "leave-one-out"
PROTOCOLS = (LEAVE_TWIN_OUT, OFFICIAL)
"""What a run can be asked for. A clean query never finds itself under either: that is leave-one-out."""

_QUERIES_AT_ONCE = 256


@dataclass(frozen=True)
class Labels:
    """Where each face of a set comes from, as integers that queries and gallery share.

    Attributes:
        identity: ``(B,)`` the person.
        source: ``(B,)`` the photograph it was made from; twins share it.
        picture: ``(B,)`` the picture itself; a query with a gallery face's number *is* that gallery face.
    """

    identity: Tensor
    source: Tensor
    picture: Tensor

    def __len__(self) -> int:
        return len(self.identity)

    def __getitem__(self, rows: Tensor | slice) -> Labels:
        return Labels(self.identity[rows], self.source[rows], self.picture[rows])


def check_protocol(protocol: str) -> str:
    """Return ``protocol`` if a run can be asked for it.

    Raises:
        InputError: listing the protocols.
    """
    if protocol not in PROTOCOLS:
        raise unknown("protocol", protocol, PROTOCOLS)
    return protocol


def left_out(query: Labels, gallery: Labels, indices: Tensor, protocol: str) -> Tensor:
    """Boolean ``(Q, L)``: the candidates at ``indices (Q, L)`` that the queries may not be compared with."""
    itself = gallery.picture[indices] == query.picture[:, None]
    if protocol == OFFICIAL:
        return itself
    return itself | (gallery.source[indices] == query.source[:, None])


def count_relevant(query: Labels, gallery: Labels, protocol: str, *, legacy: bool = False) -> Tensor:
    """Number of gallery faces of each query's identity that it may be compared with, ``(Q,)``.

    Args:
        query: the queries' labels.
        gallery: the gallery's labels.
        protocol: one of :data:`PROTOCOLS`.
        legacy: count the query itself too where it is in the gallery, as the published code does. R-Precision and
            MAP@R then cannot reach 1 (spec 1.9); for comparison with the paper's tables only.
    """
    everyone = torch.arange(len(gallery), device=gallery.identity.device)
    counts = []
    for rows in torch.arange(len(query), device=everyone.device).split(_QUERIES_AT_ONCE):
        some = query[rows]
        out = left_out(some, gallery, everyone.expand(len(rows), -1), protocol)
        same = gallery.identity == some.identity[:, None]
        if legacy:
            out &= gallery.picture != some.picture[:, None]
        counts.append((same & ~out).sum(1))
    return torch.cat(counts)
