"""Rows of a manifest -> who is on them and where they come from, as integers."""

from __future__ import annotations

import torch
from torch import Tensor

from fdemd.data.manifest import Manifest
from fdemd.retrieval.protocol import Labels


def labels_of(manifest: Manifest, rows: Tensor, *, occluded: bool) -> Labels:
    """Return who is on each row and from which photograph it is.

    Args:
        manifest: The photographs.
        rows: Rows of the manifest ``(B,)``.
        occluded: Whether the faces are changed, so that each is a picture that no gallery holds.
    """
    people = {name: number for number, name in enumerate(dict.fromkeys(p.identity for p in manifest.photographs))}
    sources = {name: number for number, name in enumerate(dict.fromkeys(p.source for p in manifest.photographs))}
    chosen = [manifest.photographs[row] for row in rows.tolist()]
    return Labels(
        torch.tensor([people[photograph.identity] for photograph in chosen], dtype=torch.long),
        torch.tensor([sources[photograph.source] for photograph in chosen], dtype=torch.long),
        -1 - rows if occluded else rows,
    )
