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


def check_styles(what: str, wanted: Sequence[str], known: Collection[str]) -> None:
    """Check names of styles to choose from.

    Args:
        what: Word for a style, for errors.
        wanted: The names.
        known: Names of all styles.

    Raises:
        InputError: There is no such style, or none is wanted.
    """
    for style in wanted:
        if style not in known:
            raise unknown(what, style, known)
    if not wanted:
        raise InputError(f"No {what} is given; choose one or more of {', '.join(sorted(known))}.")


class DrawnOnFace(A.ImageOnlyTransform):
    """Draws an object on the face whose 68 landmarks are the ``keypoints`` target.

    A subclass draws (:meth:`draw`); one that looks different each time chooses how in :meth:`sample`.
    """

    def __init__(self, p: float = 1.0) -> None:
        """Describe the drawing; ``p`` is the probability of drawing anything."""
        super().__init__(p=p)

    def sample(self) -> Any:
        """Draw a style from the transform's own generator, so that a seeded pipeline repeats it; None has no style."""
        return None

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
