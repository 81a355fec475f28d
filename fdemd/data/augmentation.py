"""Augmentation of training faces: a mask, a crop, a mirror image."""

from __future__ import annotations

import hashlib

import albumentations as A
import numpy as np

from fdemd.faces.alignment import AlignedFace
from fdemd.faces.occlusion import FaceMask
from fdemd.settings.faces import Augment


class Augmentation:
    """Changes a face at random, the same way for the same seed, visit and name: in any worker, order or process.

    Therefore nothing about it has to be kept in a checkpoint.
    """

    def __init__(self, face_size: tuple[int, int], seed: int, *, mask_share: float, section: Augment) -> None:
        """Prepare the transforms.

        Args:
            face_size: ``(height, width)`` of the faces.
            seed: Seed of the run.
            mask_share: Probability of a mask, 0 to 1.
            section: Section ``augment`` of the settings: the masks, the probability of mirroring, and the largest
                share of the side that is cut off before the rest is scaled back.
        """
        height, width = face_size
        steps: list[A.BasicTransform] = [FaceMask(kinds=tuple(section.mask_kinds), p=mask_share)]
        if section.crop:
            smallest = max(1, round((1 - section.crop) * height))
            steps.append(A.RandomSizedCrop((smallest, height), size=face_size, w2h_ratio=width / height, p=1))
        steps.append(A.HorizontalFlip(p=section.flip))
        self._seed = seed
        self._transforms = A.Compose(steps, keypoint_params=A.KeypointParams(format="xy", remove_invisible=False))

    def __call__(self, face: AlignedFace, visit: int, name: str) -> np.ndarray:
        """Return the picture of a face at one visit.

        Args:
            face: The aligned face.
            visit: Number of the visit; a training visits every face once an epoch.
            name: Name of the face, its path.

        Returns:
            ``(H, W, 3)`` uint8.
        """
        digest = hashlib.sha256(f"{self._seed}/augment/{visit}/{name}".encode(errors="surrogateescape")).digest()
        self._transforms.set_random_seed(int.from_bytes(digest[:4], "big"))
        changed: np.ndarray = self._transforms(image=face.image, keypoints=face.landmarks)["image"]
        return changed
