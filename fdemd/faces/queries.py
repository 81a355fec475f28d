"""What happens to a query before it is identified: nothing, a mask, sunglasses, a crop, a turn, a blur.

How to add a kind, here or in a package of its own: CONTRIBUTING.md.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Any

import albumentations as A
import numpy as np

from fdemd.cache.code import code_key
from fdemd.errors import InputError
from fdemd.faces.alignment import AlignedFace
from fdemd.faces.occlusion import FaceMask, Sunglasses
from fdemd.settings.plugins import failures_named, load_plugin, plugin_names, refusals_told, unknown_choice
from fdemd.settings.queries import CleanQuery
from fdemd.settings.section import Section

Transforms = list[A.BasicTransform]
"""What albumentations applies to a face, one after the other; landmarks follow."""


def _clean(size: tuple[int, int]) -> Transforms:
    return []


def _mask(size: tuple[int, int], kinds: Sequence[str]) -> Transforms:
    return [FaceMask(kinds=tuple(kinds))]


def _sunglass(size: tuple[int, int], styles: Sequence[str]) -> Transforms:
    return [Sunglasses(styles=tuple(styles))]


def _crop(size: tuple[int, int], side: float) -> Transforms:
    """The crop of DeepFace-EMD (Phan and Nguyen, CVPR 2022): 70 % of the *side*, 48 % of the area."""
    height, width = size
    return [A.RandomCrop(max(1, int(side * height)), max(1, int(side * width))), A.Resize(height, width)]


def _rotate(size: tuple[int, int], degrees: Sequence[float]) -> Transforms:
    smallest, largest = degrees
    return [A.OneOf([A.Rotate((smallest, largest), p=1), A.Rotate((-largest, -smallest), p=1)], p=1)]


def _blur(size: tuple[int, int], sigma: Sequence[float]) -> Transforms:
    smallest, largest = (share * min(size) for share in sigma)
    # The library warns of landmarks that no transform moves, unless one could.
    return [A.GaussianBlur(blur_limit=0, sigma_limit=(smallest, largest), p=1), A.NoOp()]


QUERY_KINDS: dict[str, Callable[..., Transforms]] = {
    "clean": _clean,
    "mask": _mask,
    "sunglass": _sunglass,
    "crop": _crop,
    "rotate": _rotate,
    "blur": _blur,
}
"""Name -> builder of its transforms from the face size and the settings in ``configs/query``."""


def query_builder(kind: str) -> Callable[..., Transforms]:
    """Return the builder of a kind's transforms, fdemd's own or a plug-in's.

    Args:
        kind: Name of the kind.

    Raises:
        InputError: There is no such kind, or the plug-in cannot be loaded.
    """
    if kind in QUERY_KINDS:
        return QUERY_KINDS[kind]
    if kind not in (plugins := plugin_names("queries")):
        raise unknown_choice("query kind", kind, [*QUERY_KINDS, *plugins], "queries")
    builder: Callable[..., Transforms] = load_plugin("queries", kind)
    return builder


def _check_transforms(transforms: object, kind: str) -> None:
    """Refuse what a plug-in may return by mistake, above all nothing, which would pass for a clean face."""
    steps = transforms if isinstance(transforms, Sequence) else [transforms]
    if steps is not transforms or not all(isinstance(each, A.BasicTransform | A.BaseCompose) for each in steps):
        found = ", ".join(type(each).__name__ for each in steps)
        raise InputError(f"The query kind {kind} returned {found}; it must return a list of albumentations transforms.")


class QueryMaker:
    """Makes the query picture out of a clean aligned face.

    The same face (by name), kind and seed always give the same picture, in any batch, worker or order.

    Attributes:
        kind: Name of the kind of query.

    Example:
        >>> from fdemd.settings.queries import CropQuery
        >>> maker = QueryMaker("crop", (112, 112), seed=0, settings=CropQuery(side=0.7))
        >>> face = AlignedFace(np.zeros((112, 112, 3), np.uint8), np.full((68, 2), 50, np.float32))
        >>> maker(face, "Ann/1.jpg").image.shape
        (112, 112, 3)
    """

    def __init__(self, kind: str, size: tuple[int, int], seed: int, settings: Section | None = None) -> None:
        """Prepare the transforms.

        Args:
            kind: Name of a kind of query, see :func:`query_builder`.
            size: Size ``(height, width)`` of the faces, in pixels.
            seed: Seed of what is drawn at random for each face.
            settings: Section of the kind, see :func:`fdemd.settings.queries.query_section`; None for ``clean``, which
                has no settings.

        Raises:
            InputError: There is no such kind, or a plug-in refuses its settings or returns no transforms.
        """
        self.kind = kind
        self._seed, self._settings = seed, settings or CleanQuery()
        builder = query_builder(kind)
        with refusals_told("queries", kind):
            transforms = builder(size, **dict(self._settings))
        _check_transforms(transforms, kind)
        self._transforms = A.Compose(
            transforms or [A.NoOp()], keypoint_params=A.KeypointParams(format="xy", remove_invisible=False)
        )

    @property
    def identity(self) -> dict[str, Any]:
        """What decides the picture made from a face of a given name, as plain values; a clean face needs no seed.

        Of a plug-in the file that defines it is a part, see :func:`fdemd.cache.code.code_key`.
        """
        if self.kind == "clean":
            return {"kind": self.kind}
        settings = self._settings.model_dump(mode="json")
        return {"kind": self.kind, "settings": settings, "seed": self._seed, **code_key(query_builder(self.kind))}

    def __call__(self, face: AlignedFace, name: str) -> AlignedFace:
        """Return the query made from a face.

        Args:
            face: The clean aligned face.
            name: What tells its photograph from others: its path in the manifest.
        """
        digest = hashlib.sha256(f"{self._seed}/{self.kind}/{name}".encode(errors="surrogateescape")).digest()
        self._transforms.set_random_seed(int.from_bytes(digest[:4], "big"))
        with failures_named("queries", self.kind):
            made = self._transforms(image=face.image, keypoints=face.landmarks)
        return AlignedFace(made["image"], np.asarray(made["keypoints"], dtype=np.float32))
