"""What happens to a query before it is identified: nothing, a mask, sunglasses, a crop, a turn, a blur."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Any

import albumentations as A
import numpy as np

from fdemd.errors import InputError, unknown
from fdemd.faces.alignment import AlignedFace
from fdemd.faces.occlusion import FaceMask, Sunglasses


def _clean(size: tuple[int, int]) -> list[A.BasicTransform]:
    return []


def _mask(size: tuple[int, int], kinds: Sequence[str]) -> list[A.BasicTransform]:
    return [FaceMask(kinds=tuple(kinds))]


def _sunglass(size: tuple[int, int], styles: Sequence[str]) -> list[A.BasicTransform]:
    return [Sunglasses(styles=tuple(styles))]


def _crop(size: tuple[int, int], side: float) -> list[A.BasicTransform]:
    """The paper's crop: 70 % of the *side*, 48 % of the area (spec 1.8)."""
    if not 0 < side <= 1:
        raise InputError(f"query.crop.side is {side}; it must be above 0 and at most 1 (the paper has 0.7).")
    height, width = size
    return [A.RandomCrop(max(1, int(side * height)), max(1, int(side * width))), A.Resize(height, width)]


def _rotate(size: tuple[int, int], degrees: Sequence[float]) -> list[A.BasicTransform]:
    if len(degrees) != 2 or not 0 <= degrees[0] <= degrees[1] <= 180:
        raise InputError(f"query.rotate.degrees is {list(degrees)}; it must be [smallest, largest] within 0 to 180.")
    smallest, largest = degrees
    return [A.OneOf([A.Rotate((smallest, largest), p=1), A.Rotate((-largest, -smallest), p=1)], p=1)]


def _blur(size: tuple[int, int], sigma: Sequence[float]) -> list[A.BasicTransform]:
    if len(sigma) != 2 or not 0 < sigma[0] <= sigma[1] <= 0.2:
        raise InputError(f"query.blur.sigma is {list(sigma)}; it must be [smallest, largest], above 0 and at most 0.2.")
    smallest, largest = (share * min(size) for share in sigma)
    # The library warns of landmarks that no transform moves, unless one could.
    return [A.GaussianBlur(blur_limit=0, sigma_limit=(smallest, largest), p=1), A.NoOp()]


QUERY_KINDS: dict[str, Callable[..., list[A.BasicTransform]]] = {
    "clean": _clean,
    "mask": _mask,
    "sunglass": _sunglass,
    "crop": _crop,
    "rotate": _rotate,
    "blur": _blur,
}
"""Name -> builder of its transforms from the face size and the settings in ``configs/query``."""


class QueryMaker:
    """Makes the query picture out of a clean aligned face.

    The same face (by name), kind and seed always give the same picture, in any batch, worker or order.
    """

    def __init__(self, kind: str, size: tuple[int, int], seed: int, **settings: Any) -> None:
        """Prepare the transforms.

        Args:
            kind: a name in :data:`QUERY_KINDS`.
            size: ``(height, width)`` of the faces.
            seed: of the run.
            settings: of the kind, as in ``configs/query/KIND.yaml``.

        Raises:
            InputError: unknown kind or a setting out of range.
        """
        if kind not in QUERY_KINDS:
            raise unknown("query kind", kind, QUERY_KINDS)
        self.kind = kind
        self._seed, self._settings = seed, settings
        self._transforms = A.Compose(
            QUERY_KINDS[kind](size, **settings) or [A.NoOp()],
            keypoint_params=A.KeypointParams(format="xy", remove_invisible=False),
        )

    @property
    def identity(self) -> dict[str, Any]:
        """What decides the picture made from a face of a given name, as plain values; a clean face needs no seed."""
        if self.kind == "clean":
            return {"kind": self.kind}
        return {"kind": self.kind, "settings": self._settings, "seed": self._seed}

    def __call__(self, face: AlignedFace, name: str) -> AlignedFace:
        """The query made from ``face``; ``name`` tells the photograph (its path in the manifest)."""
        digest = hashlib.sha256(f"{self._seed}/{self.kind}/{name}".encode(errors="surrogateescape")).digest()
        self._transforms.set_random_seed(int.from_bytes(digest[:4], "big"))
        made = self._transforms(image=face.image, keypoints=face.landmarks)
        return AlignedFace(made["image"], np.asarray(made["keypoints"], dtype=np.float32))
