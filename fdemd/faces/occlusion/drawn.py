"""The base of masks and sunglasses as albumentations transforms."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Collection, Sequence
from typing import Any

import albumentations as A
import numpy as np
import numpy.typing as npt

from fdemd.errors import InputError, unknown
from fdemd.faces.occlusion.geometry import Points, read_face


class DrawnOnFace(A.ImageOnlyTransform):
    """Draws an object of a random style on the face whose 68 landmarks are the ``keypoints`` target."""

    def __init__(self, what: str, wanted: Sequence[str], known: Collection[str], p: float) -> None:
        """Choose among styles.

        Args:
            what: Word for a style, for errors.
            wanted: Names of the styles to choose from.
            known: Names of all styles.
            p: Probability of drawing anything.

        Raises:
            InputError: There is no such style, or none is wanted.
        """
        super().__init__(p=p)
        for style in wanted:
            if style not in known:
                raise unknown(what, style, known)
        if not wanted:
            raise InputError(f"No {what} is given; choose one or more of {', '.join(sorted(known))}.")

    @abstractmethod
    def sample(self) -> Any:
        """Draw a style from the transform's own generator, so that a seeded pipeline repeats it."""

    @abstractmethod
    def draw(self, image: npt.NDArray[np.uint8], landmarks: Points, style: Any) -> npt.NDArray[np.uint8]:
        """The picture ``(H, W, 3)`` with the object on it."""

    @property
    def targets_as_params(self) -> list[str]:
        """Targets that the place of the object is read from."""
        return ["keypoints"]

    def get_params_dependent_on_data(self, params: dict[str, Any], data: dict[str, Any]) -> dict[str, Any]:
        """Choose the style.

        Raises:
            ValueError: There are not 68 finite keypoints.
        """
        landmarks = np.array(data["keypoints"], dtype=np.float64)
        read_face(landmarks)
        return {"landmarks": landmarks[:, :2], "style": self.sample()}

    def apply(self, img: npt.NDArray[np.uint8], landmarks: Points, style: Any, **params: Any) -> npt.NDArray[np.uint8]:
        """Draw the chosen style."""
        return self.draw(img, landmarks, style)
