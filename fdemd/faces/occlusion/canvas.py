"""Antialiased shapes on a patch of a photograph: draw enlarged, average down, blend.

A `Canvas` covers the part of the picture that an object touches. Shapes are painted into 8-bit planes several times
larger than the patch and averaged down to coverage fields in 0..1, which then blend colours over the photograph.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from fdemd.faces.occlusion.geometry import Face, Points

Field = npt.NDArray[np.float32]
Plane = npt.NDArray[np.uint8]
RGB = tuple[int, int, int]

LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)
_SUBPIXEL_BITS = 4
# Far beyond any picture, yet safe in OpenCV's fixed-point coordinates.
_FARTHEST = 2.0**15


def rgb(colour: RGB) -> Field:
    """(3,) float colour, 0..255."""
    return np.array(colour, dtype=np.float32)


def by_channel(picture: npt.NDArray[Any]) -> Field:
    """The (h, w, 3) picture as floats that lie in memory channel by channel, where numpy is several times faster."""
    return np.moveaxis(np.moveaxis(picture, -1, 0).astype(np.float32, order="C"), 0, -1)


class Canvas:
    """The patch of a photograph around an object, with the photograph's pixels as floats.

    Args:
        image: (height, width, 3) uint8 RGB picture; never written to.
        face: Geometry used to place face-frame points.
        extent: (n, 2) face-frame points that the patch must contain.
        margin: Pixels added around the extent.
    """

    def __init__(self, image: npt.NDArray[np.uint8], face: Face, extent: Points, margin: float) -> None:
        height, width = image.shape[:2]
        placed = face.to_image(extent)
        limits = np.array([width, height])
        low = np.clip(np.floor(placed.min(axis=0) - margin), 0, limits).astype(int)
        high = np.clip(np.ceil(placed.max(axis=0) + margin) + 1, low, limits).astype(int)
        self.image = image
        self.face = face
        self.corner = low
        self.size = (int(high[0] - low[0]), int(high[1] - low[1]))
        # Large pictures need less enlargement for the same relative smoothness.
        self.factor = 4 if max(self.size) <= 256 else 2
        self.patch: Field = by_channel(image[low[1] : high[1], low[0] : high[0]])
        red, green, blue = np.moveaxis(image, -1, 0)
        self.grey = bool((red == green).all() and (red == blue).all())

    @property
    def empty(self) -> bool:
        """Whether the object lies entirely outside the picture."""
        return 0 in self.size

    def plane(self, value: int = 0) -> Plane:
        """A new enlarged plane filled with `value` (0..255)."""
        return np.full((self.size[1] * self.factor, self.size[0] * self.factor), value, dtype=np.uint8)

    def polygon(self, plane: Plane, points: Points, value: int = 255) -> None:
        """Fill the polygon of (n, 2) face-frame points."""
        cv2.fillPoly(plane, [self._place(points)], value, shift=_SUBPIXEL_BITS)

    def stroke(self, plane: Plane, points: Points, width: float, value: int = 255) -> None:
        """Draw an open line of `width` picture pixels through (n, 2) face-frame points.

        Points (m, n, 2) are m such lines.
        """
        thickness = max(1, round(width * self.factor))
        lines = self._place(points).reshape(-1, *points.shape[-2:])
        cv2.polylines(plane, list(lines), False, value, thickness, shift=_SUBPIXEL_BITS)

    def coverage(self, plane: Plane) -> Field:
        """Average a plane down to the patch: (h, w) values in 0..1."""
        reduced = cv2.resize(plane, self.size, interpolation=cv2.INTER_AREA)
        return reduced.astype(np.float32) / np.float32(255)

    def frame_grid(self) -> Field:
        """(h, w, 2) face-frame coordinates of the patch's pixels."""
        columns, rows = np.meshgrid(np.arange(self.size[0]), np.arange(self.size[1]))
        pixels = np.stack([columns, rows], axis=-1) + self.corner
        return self.face.to_frame(pixels.astype(np.float64)).astype(np.float32)

    def to_patch(self, points: Points) -> Points:
        """Map (..., 2) face-frame points to pixel coordinates of the patch."""
        return self.face.to_image(points) - self.corner

    def darken(self, strength: Field) -> None:
        """Shade the patch by (h, w) `strength`: 0 keeps a pixel, 1 makes it black."""
        self.patch *= (1 - strength)[..., None]

    def blend(self, colour: npt.NDArray[np.float32], alpha: Field) -> None:
        """Lay an RGB `colour` ((3,) or (h, w, 3), 0..255) over the patch with opacity `alpha` (h, w)."""
        if self.grey:
            # Colour on a grey photograph would give the occlusion away.
            colour = (colour @ LUMA)[..., None]
        self.patch += (colour - self.patch) * alpha[..., None]

    def finish(self) -> npt.NDArray[np.uint8]:
        """A copy of the picture with the patch put back; pixels that nothing was drawn on keep their exact values."""
        result = self.image.copy()
        (left, top), (width, height) = self.corner, self.size
        result[top : top + height, left : left + width] = np.clip(np.rint(self.patch), 0, 255).astype(np.uint8)
        return result

    def _place(self, points: Points) -> npt.NDArray[np.int32]:
        # Pixel centres are whole numbers in both coordinate systems, hence the half-pixel shifts.
        enlarged = (self.to_patch(points) + 0.5) * self.factor - 0.5
        return np.rint(np.clip(enlarged, -_FARTHEST, _FARTHEST) * 2**_SUBPIXEL_BITS).astype(np.int32)
