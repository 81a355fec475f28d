"""What happens to a training face: perhaps a mask, a crop, a mirror image."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import albumentations as A
import numpy as np

from fdemd.errors import InputError
from fdemd.faces.alignment import AlignedFace
from fdemd.faces.occlusion import FaceMask

LARGEST_CROP = 0.9


class Augmentation:
    """Changes a face at random, but the same way for the same seed, visit and name: in any worker, order or process.

    Therefore nothing about it has to be kept in a checkpoint.
    """

    def __init__(
        self,
        size: tuple[int, int],
        seed: int,
        *,
        mask_share: float,
        mask_kinds: Sequence[str],
        flip: float,
        crop: float,
    ) -> None:
        """Prepare the transforms.

        Args:
            size: ``(height, width)`` of the faces.
            seed: of the run.
            mask_share: probability of a mask.
            mask_kinds: see :class:`fdemd.faces.occlusion.FaceMask`.
            flip: probability of mirroring.
            crop: largest share of the side that is cut off before the rest is scaled back.

        Raises:
            InputError: a number out of range or an unknown kind of mask.
        """
        for name, value in (("data.mask_share", mask_share), ("augment.flip", flip)):
            if not 0 <= value <= 1:
                raise InputError(f"{name} is {value}; it must lie between 0 (no face) and 1 (every face).")
        if not 0 <= crop <= LARGEST_CROP:
            raise InputError(f"augment.crop is {crop}; it must lie between 0 (nothing is cut off) and {LARGEST_CROP}.")
        height, width = size
        steps: list[A.BasicTransform] = [FaceMask(kinds=tuple(mask_kinds), p=mask_share)]
        if crop:
            smallest = max(1, round((1 - crop) * height))
            steps.append(A.RandomSizedCrop((smallest, height), size=size, w2h_ratio=width / height, p=1))
        steps.append(A.HorizontalFlip(p=flip))
        self._seed = seed
        self._transforms = A.Compose(steps, keypoint_params=A.KeypointParams(format="xy", remove_invisible=False))

    def __call__(self, face: AlignedFace, visit: int, name: str) -> np.ndarray:
        """The picture ``(H, W, 3)`` uint8 that ``face`` (named by its path) is at one visit (a number an epoch)."""
        digest = hashlib.sha256(f"{self._seed}/augment/{visit}/{name}".encode()).digest()
        self._transforms.set_random_seed(int.from_bytes(digest[:4], "big"))
        changed: np.ndarray = self._transforms(image=face.image, keypoints=face.landmarks)["image"]
        return changed
