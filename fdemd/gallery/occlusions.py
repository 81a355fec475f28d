"""Occlusions drawn on aligned faces, to learn which scores strangers reach whose faces are covered or cut off."""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

import numpy as np

from fdemd.errors import unknown
from fdemd.faces.alignment import resize_aligned
from fdemd.faces.photographs import Preprocessing
from fdemd.faces.queries import QueryMaker
from fdemd.settings.queries import CropQuery, GlassesStyle, MaskKind, MaskQuery, SunglassQuery
from fdemd.settings.section import Section

CLEAN = "clean"
SEEN = "seen"
"""Instead of a kind: each face's own, as it is seen."""
KINDS: dict[str, Section | None] = {
    CLEAN: None,
    "mask": MaskQuery(kinds=list(get_args(MaskKind))),
    "sunglass": SunglassQuery(styles=list(get_args(GlassesStyle))),
    "crop": CropQuery(side=0.7),
}
"""What a person who is looked for may wear, or that the face is cut off -> how it is drawn."""


def check_kind(kind: str, *others: str) -> str:
    """Return the name of what somebody wears if thresholds can be set for it.

    Args:
        kind: The name.
        *others: What else is allowed.

    Raises:
        InputError: There is no such kind.
    """
    if kind not in (choices := [*others, *KINDS]):
        raise unknown("kind of query", kind, choices)
    return kind


def occluded(kind: str, images: Sequence[np.ndarray], preprocessing: Preprocessing) -> np.ndarray:
    """Draw something on aligned faces; the same on the same faces each time.

    Args:
        kind: A name in :data:`KINDS`.
        images: Aligned faces ``(H, W, 3)``, uint8 RGB.
        preprocessing: How they were aligned.

    Returns:
        Faces ``(B, H, W, 3)``.
    """
    if kind == CLEAN:
        return np.stack(images)
    maker = QueryMaker(kind, preprocessing.size, 0, KINDS[kind])
    faces = (resize_aligned(image, preprocessing.template, preprocessing.size) for image in images)
    return np.stack([maker(face, str(number)).image for number, face in enumerate(faces)])
