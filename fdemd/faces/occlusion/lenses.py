"""Styles of sunglasses and where their two lenses sit on a face."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fdemd.faces.occlusion.geometry import Face, Points, closed_curve


@dataclass(frozen=True)
class FrameCut:
    """The build of one style. Lengths are in face scales.

    Attributes:
        corners: (n, 2) lens outline in a unit box, x outwards -1..1 from the nose, y downwards -1..1.
        height: Half the height of a lens.
        lower: How far the lens's middle lies below the middle of the eye.
        bridge: Half the gap between the lenses on a face seen from the front.
        reach: Where the outer lens edge lies between the outer eye corner (0) and the ear (1).
        rim: Width of the rim line; 0 leaves the lens rimless.
        bridge_heights: Heights of the bridge bars in the unit box.
        bridge_width: Width of the bridge bars.
        temple: Width of the temples at the hinge.
        hinge: Height of the hinge in the unit box.
    """

    corners: tuple[tuple[float, float], ...]
    height: float
    lower: float
    bridge: float
    reach: float
    rim: float
    bridge_heights: tuple[float, ...]
    bridge_width: float
    temple: float
    hinge: float


_WAYFARER = (
    (-0.92, -0.72), (-0.5, -0.9), (0.15, -0.95), (0.75, -0.98), (1.0, -0.8), (0.98, -0.3), (0.88, 0.3), (0.62, 0.8),
    (0.1, 0.97), (-0.42, 0.93), (-0.8, 0.6), (-0.93, 0.1), (-0.97, -0.4),
)  # fmt: skip
_AVIATOR = (
    (-0.82, -0.85), (-0.2, -0.98), (0.5, -0.92), (0.92, -0.6), (0.98, -0.1), (0.8, 0.5), (0.35, 0.95), (-0.1, 0.95),
    (-0.55, 0.55), (-0.85, 0.0), (-0.95, -0.5),
)  # fmt: skip
_SPORT = (
    (-0.97, -0.6), (-0.3, -0.92), (0.4, -0.98), (0.96, -0.72), (1.0, -0.2), (0.75, 0.45), (0.3, 0.85), (-0.25, 0.9),
    (-0.7, 0.45), (-0.95, -0.05),
)  # fmt: skip
_ROUND = tuple((float(np.cos(angle)), float(np.sin(angle))) for angle in np.arange(10) * 2 * np.pi / 10)

FRAME_CUTS: dict[str, FrameCut] = {
    "wayfarer": FrameCut(_WAYFARER, 0.205, 0.015, 0.055, 0.38, 0.04, (-0.62,), 0.045, 0.06, -0.75),
    "aviator": FrameCut(_AVIATOR, 0.235, 0.055, 0.07, 0.36, 0.014, (-0.42, -0.86), 0.016, 0.022, -0.62),
    "round": FrameCut(_ROUND, 0.205, 0.02, 0.075, 0.22, 0.016, (-0.3,), 0.018, 0.02, -0.25),
    "sport": FrameCut(_SPORT, 0.18, 0.02, 0.03, 0.62, 0.02, (-0.5,), 0.055, 0.045, -0.5),
}


@dataclass(frozen=True)
class Lens:
    """One lens placed on a face, in the face frame.

    Attributes:
        side: -1 for the left of the picture, 1 for the right.
        inner: x of the edge at the nose, in pixels.
        outer: x of the edge at the temple, in pixels.
        middle: y of the middle, in pixels.
        half_height: Half the height of the lens, in pixels.
        bow: How far the outer edge of a wrapped frame drops, pixels.
    """

    side: int
    inner: float
    outer: float
    middle: float
    half_height: float
    bow: float

    def place(self, unit: Points) -> Points:
        """Map (..., 2) unit-box coordinates to the face frame."""
        across = (unit[..., 0] + 1) / 2
        x = self.inner + across * (self.outer - self.inner)
        y = self.middle + unit[..., 1] * self.half_height + self.bow * across**2
        return np.stack([x, y], axis=-1)

    def outline(self, cut: FrameCut) -> Points:
        """(n, 2) smooth closed outline."""
        return self.place(closed_curve(np.array(cut.corners)))


def place_lenses(face: Face, cut: FrameCut, size: float) -> tuple[Lens, Lens]:
    """The left and right lens of a style; the landmarks' own foreshortening narrows the far one.

    Args:
        face: The face that wears them.
        cut: The build of the style.
        size: Scale of the lens height, around 1.
    """
    return _place(face, cut, size, -1), _place(face, cut, size, 1)


def _place(face: Face, cut: FrameCut, size: float, side: int) -> Lens:
    points, scale = face.points, face.scale
    eye = points[36:42] if side < 0 else points[42:48]
    inner_eye, outer_eye = (eye[3, 0], eye[0, 0]) if side < 0 else (eye[0, 0], eye[3, 0])
    ear = points[0, 0] if side < 0 else points[16, 0]
    # The bridge stands off the nose, so it moves further with the turn of the head than the skin below it.
    nose = points[27, 0] + 0.03 * face.turn * scale
    far = max(0.0, side * face.turn)
    inner = nose + side * cut.bridge * (1 - 0.6 * far) * scale
    outer = outer_eye + cut.reach * (ear - outer_eye)
    clear = 0.03 * scale
    inner = min(side * inner, side * inner_eye - clear) * side
    outer = max(side * outer, side * outer_eye + clear) * side
    half_height = cut.height * size * scale
    middle = float(eye[:, 1].mean()) + cut.lower * scale
    return Lens(side, float(inner), float(outer), middle, half_height, bow=0.1 * half_height * cut.reach)
