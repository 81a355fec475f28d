"""Transport between faces that are partly covered: covered patches weigh less, or their share is not transported.

Partial transport moves a part of the mass alone (Caffarelli and McCann, Annals of Mathematics 2010). It is balanced
transport with one more point a side that takes what is left (Chapel et al., NeurIPS 2020): here a patch of zeros, at
right angles to all others, which weighs what is covered. So every engine can compute it.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from fdemd.emd.side import Side
from fdemd.emd.transport import Transport
from fdemd.emd.weighting import Terms
from fdemd.errors import InputError, unknown
from fdemd.features import Features
from fdemd.tensors.checks import check

IGNORED, MASS, PARTIAL = "ignored", "mass", "partial"
WAYS = (IGNORED, MASS, PARTIAL)
"""What becomes of covered patches: they count as any other; they weigh their weight times what of them can be seen; or
so they do, and the rest of their weight is not transported."""

_LEAST = 0.05
"""Share of a face that counts as visible at the least: of less than that, noise would be all that is divided."""
_FACES_AT_ONCE = 256


def check_way(name: str) -> str:
    """Return ``name`` if it says what becomes of covered patches.

    Raises:
        InputError: There is no such way; the error lists those that there are.

    >>> check_way("mass")
    'mass'
    """
    if name not in WAYS:
        raise unknown("way to treat covered patches", name, WAYS)
    return name


def seen_side(side: Side, features: Features, name: str, way: str) -> tuple[Side, Tensor]:
    """Return faces as they are transported, and the visible share of each, ``(B,)``, for :func:`of_what_moved`.

    Args:
        side: The faces, prepared for a weighting.
        features: The same faces.
        name: Name of the argument, for the error.
        way: A name in :data:`WAYS`.

    Raises:
        InputError: As :func:`visible_of`.
    """
    if way == PARTIAL:
        return with_rest(side, visible_of(features, name))
    whole = side.inverse_norm.new_ones(len(side))
    return (side if way == IGNORED else lightened(side, visible_of(features, name))), whole


def visible_of(features: Features, name: str) -> Tensor:
    """Return how much of each patch can be seen, ``(B, N)`` float32.

    Args:
        features: Features of ``B`` faces.
        name: Name of the argument, for the error.

    Raises:
        InputError: The features do not say, or numbers are not in [0, 1].
    """
    if features.visible is None:
        raise InputError(
            f"It is not known what of {name} is covered, which visible=mass and visible=partial need; give "
            "fdemd.Features(..., visible=...)."
        )
    (visible,) = check({f"{name}.visible": (features.visible, "finite B N")})
    if visible.numel() and not 0 <= float(visible.min()) <= float(visible.max()) <= 1:
        raise InputError(f"{name}.visible has numbers outside [0, 1].")
    return visible.float()


def lightened(side: Side, visible: Tensor) -> Side:
    """Return faces whose patches weigh their weight times what of them can be seen.

    Args:
        side: The faces.
        visible: ``(B, N)`` in [0, 1].
    """
    terms = side.terms
    return replace(side, terms=Terms(terms.offset * visible, terms.scale * visible, terms.context))


def with_rest(side: Side, visible: Tensor) -> tuple[Side, Tensor]:
    """Return faces with one more patch, which takes the covered share of their weight, and the visible share.

    The weights of a pair add up to 1 only within the engines. What is covered is therefore told by the weights of a
    face that is compared with itself; where weights do not depend on the other face (``uniform``, ``lmk``, ``norm``)
    these are the same.

    Args:
        side: ``B`` faces.
        visible: ``(B, N)`` in [0, 1].

    Returns:
        The faces, with a copy of their patches, and ``(B,)`` in [0.05, 1].
    """
    covered, share = _covered(side, visible)
    light, nothing = lightened(side, visible), torch.zeros_like(covered)[:, None]
    patches = torch.cat([side.patches, side.patches.new_zeros(len(side), 1, side.patches.shape[2])], dim=1)
    terms = Terms(
        torch.cat([light.terms.offset, covered[:, None]], dim=1),
        torch.cat([light.terms.scale, nothing], dim=1),
        side.terms.context,
    )
    return Side(patches, torch.cat([side.inverse_norm, nothing], dim=1), terms), share.clamp_min(_LEAST)


def _covered(side: Side, visible: Tensor) -> tuple[Tensor, Tensor]:
    """Covered weight ``(B,)`` of faces compared with themselves, and the share that is visible."""
    covered, share = [], []
    for first in range(0, max(1, len(side)), _FACES_AT_ONCE):
        rows = slice(first, first + _FACES_AT_ONCE)
        terms, seen = side.terms[rows], visible[rows]
        weight = (terms.offset + terms.scale * (side.unit(rows) @ terms.context[:, :, None])[..., 0]).relu()
        total = weight.sum(1)
        covered.append(((1 - seen) * weight).sum(1))
        share.append(1 - covered[-1] / total.where(total > 0, 1))
    return torch.cat(covered), torch.cat(share)


def of_what_moved(found: Transport, query_share: Tensor, gallery_share: Tensor) -> Transport:
    """Return what partial transport means for the faces: per unit of what it moves, and without the added patches.

    Args:
        found: Transport between faces of :func:`with_rest`.
        query_share: ``(Q, 1)`` visible share of the queries.
        gallery_share: ``(Q, k)`` visible share of the candidates.
    """
    moved = torch.minimum(query_share, gallery_share)
    similarity = found.similarity / moved
    if found.flow is None or found.query_weight is None or found.gallery_weight is None:
        return replace(found, similarity=similarity)
    return replace(
        found,
        similarity=similarity,
        flow=found.flow[..., :-1, :-1] / moved[..., None, None],
        query_weight=found.query_weight[..., :-1] / moved[..., None],
        gallery_weight=found.gallery_weight[..., :-1] / moved[..., None],
    )
