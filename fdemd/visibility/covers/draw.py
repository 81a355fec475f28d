"""Kinds of covers: those of queries, and others that only an estimator is trained with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import albumentations as A
import cv2
import numpy as np
import numpy.typing as npt

from fdemd.faces.alignment import AlignedFace
from fdemd.faces.occlusion.canvas import Canvas, Field
from fdemd.faces.occlusion.geometry import read_face
from fdemd.faces.occlusion.shading import contact_shadow
from fdemd.faces.queries import query_builder
from fdemd.settings.queries import BlurQuery, CropQuery, MaskQuery, RotateQuery, SunglassQuery
from fdemd.settings.section import Section
from fdemd.visibility.conditions import Condition, condition_of
from fdemd.visibility.covers import materials, shapes
from fdemd.visibility.covers.askew import askew
from fdemd.visibility.covers.headwear import with_headwear
from fdemd.visibility.covers.light import relight

QUERY_COVERS: Mapping[str, Section] = {
    "mask": MaskQuery(kinds=["surgical", "cloth", "n95", "kn95"]),
    "sunglass": SunglassQuery(styles=["wayfarer", "aviator", "round", "sport"]),
    "crop": CropQuery(side=0.7),
    "rotate": RotateQuery(degrees=[15.0, 45.0]),
    "blur": BlurQuery(sigma=[0.01, 0.03]),
}
"""Kinds of query that are drawn, with their settings in ``configs/query``."""
CHANGES: Mapping[str, Condition] = {"crop": "cut", "rotate": "turned", "blur": "blurred"}
"""Kinds that change the whole face and cover nothing of it."""
_NOTICEABLE = 10
"""Difference of a colour value, in 1/255, from which a pixel counts as changed."""


class Covered(NamedTuple):
    """A face and what happened to it.

    Attributes:
        face: The face with its cover.
        covered: ``(H, W)`` which of its pixels do not show the face.
        condition: What happened, one of :data:`fdemd.visibility.conditions.CONDITIONS`.
    """

    face: AlignedFace
    covered: npt.NDArray[np.bool_]
    condition: Condition


Draw = Callable[[AlignedFace, np.random.Generator], Covered]


def draw_cover(kind: str, face: AlignedFace, rng: np.random.Generator) -> Covered:
    """Draw a cover of a kind on a face.

    Args:
        kind: A name in :data:`COVERS` or :data:`ASKEW_COVERS`.
        face: The clean face.
        rng: Source of everything random.

    Example:
        >>> face = AlignedFace(np.full((112, 112, 3), 128, np.uint8), np.random.default_rng(0).uniform(30, 80, (68, 2)))
        >>> drawn = draw_cover("blob", face, np.random.default_rng(0))
        >>> bool((drawn.face.image[~drawn.covered] == 128).mean() > 0.9)
        True
    """
    return (COVERS | ASKEW_COVERS)[kind](face, rng)


def cover_between(before: AlignedFace, after: AlignedFace) -> Covered:
    """Return what was drawn on a face, by the pixels that changed.

    Args:
        before: The clean face.
        after: The same face with something drawn on it, such as the mask of a query.
    """
    covered = _changed(before.image, after.image)
    return Covered(after, covered, condition_of(covered, before.landmarks))


def _clean(face: AlignedFace, rng: np.random.Generator) -> Covered:
    return Covered(face, np.zeros(face.image.shape[:2], dtype=bool), "clean")


def _light(face: AlignedFace, rng: np.random.Generator) -> Covered:
    return _clean(AlignedFace(relight(face.image, rng), face.landmarks), rng)


def _query(kind: str) -> Draw:
    def draw(face: AlignedFace, rng: np.random.Generator) -> Covered:
        size = face.image.shape[:2]
        transforms = A.Compose(
            query_builder(kind)(size, **dict(QUERY_COVERS[kind])),
            keypoint_params=A.KeypointParams(format="xy", remove_invisible=False),
            seed=int(rng.integers(2**31)),
        )
        made = transforms(image=face.image, keypoints=face.landmarks, mask=np.ones(size, dtype=np.uint8))
        after = AlignedFace(made["image"], np.asarray(made["keypoints"], dtype=np.float32))
        if kind in CHANGES:
            return Covered(after, made["mask"] == 0, CHANGES[kind])
        return cover_between(face, after)

    return draw


def _drawn(shape: shapes.Shape, material: materials.Material) -> Draw:
    def draw(face: AlignedFace, rng: np.random.Generator) -> Covered:
        frame = read_face(face.landmarks)
        outlines = [outline * frame.scale for outline in shape(rng)]
        covered = np.zeros(face.image.shape[:2], dtype=bool)
        canvas = Canvas(face.image, frame, np.concatenate(outlines), margin=0.04 * frame.scale + 2)
        if canvas.empty:
            return Covered(face, covered, "clean")
        alpha = _coverage(canvas, outlines, rng)
        colour = material(canvas, rng)  # of the photograph as it was
        canvas.darken(contact_shadow(alpha, 0.02 * frame.scale, (0, 0.01 * frame.scale), rng.uniform(0, 0.5)))
        canvas.blend(colour, alpha)
        (left, top), (width, height) = canvas.corner, canvas.size
        covered[top : top + height, left : left + width] = alpha > 0.5
        after = AlignedFace(canvas.finish(), face.landmarks)
        return Covered(after, covered, condition_of(covered, face.landmarks))

    return draw


def _coverage(canvas: Canvas, outlines: list[np.ndarray], rng: np.random.Generator) -> Field:
    plane = canvas.plane()
    for outline in outlines:
        canvas.polygon(plane, outline)
    alpha = canvas.coverage(plane)
    soft = rng.uniform(0, 0.03) * canvas.face.scale
    return alpha if soft <= 0.3 else cv2.GaussianBlur(alpha, (0, 0), soft).astype(np.float32, copy=False)


def _changed(before: npt.NDArray[np.uint8], after: npt.NDArray[np.uint8]) -> npt.NDArray[np.bool_]:
    """Pixels ``(H, W)`` that a drawing changed, and those among them that happen to have kept their colour."""
    changed = (cv2.absdiff(before, after).max(axis=2) > _NOTICEABLE).astype(np.uint8)
    reach = np.ones((7, 7), dtype=np.uint8)
    return cv2.morphologyEx(changed, cv2.MORPH_CLOSE, reach).astype(bool)


COVERS: dict[str, Draw] = {
    "clean": _clean,
    **{kind: _query(kind) for kind in QUERY_COVERS},
    "light": _light,
    "scarf": _drawn(shapes.scarf, materials.cloth),
    "hand": _drawn(shapes.hand, materials.skin),
    "fringe": _drawn(shapes.fringe, materials.hair),
    "cap": _drawn(shapes.cap, materials.cloth),
    "blob": _drawn(shapes.blob, materials.anything),
    "board": _drawn(shapes.board, materials.anything),
}
"""Name of a kind -> what draws it."""
_BELOW, _HEADWEAR = ("mask", "scarf"), (COVERS["fringe"], COVERS["cap"])
ASKEW_COVERS: dict[str, Draw] = {
    f"askew {kind}": askew(with_headwear(draw, _HEADWEAR) if kind in _BELOW else draw)
    for kind, draw in COVERS.items()
    if kind not in ("clean", "light", *CHANGES)
}
"""Likewise, of faces that are aligned badly too, those below the eyes partly with hair or a cap above them: estimators
alone are fitted on them, no query is like them."""
