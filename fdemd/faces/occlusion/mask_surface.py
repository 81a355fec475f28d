"""The cloth of a face mask as a curved sheet over the lower face.

Points on the sheet are addressed by u, -1 (left edge in the picture) .. 1 (right edge) with 0 on the middle of the
face, and v, 0 (upper edge) .. 1 (lower edge). Pleats, seams and prints are plain functions of u and v and so follow
the turn of the head by themselves.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from fdemd.faces.occlusion.canvas import Canvas, Field
from fdemd.faces.occlusion.geometry import Curve, Face, Points


@dataclass(frozen=True)
class MaskShape:
    """Where a kind of mask ends. Jaw positions are landmark numbers on the left side; lengths are in face scales.

    Attributes:
        upper_jaw: Jaw position of the upper outer corner.
        lower_jaw: Jaw position of the lower outer corner.
        inset: How far the corners lie inside the jaw line, as a fraction of the way to the nose.
        side_inset: The same for the middle of the side edge.
        rise: Heights of the upper edge at |u| = 0.2, 0.5 and 0.8, from 0 (nose bridge) to 1 (outer corner).
        protrusion: How far the front stands off the face.
    """

    upper_jaw: float
    lower_jaw: float
    inset: float
    side_inset: float
    rise: tuple[float, float, float]
    protrusion: float


_UPPER_KNOTS = np.array([-1, -0.8, -0.5, -0.2, 0, 0.2, 0.5, 0.8, 1])
_LOWER_KNOTS = np.array([-1, -0.66, -0.33, 0, 0.33, 0.66, 1])
# Where lines over the sheet are sampled.
_ACROSS, _DOWN = np.linspace(-1, 1, 61), np.linspace(0, 1, 21)
_REACH = np.array([0.2, 0.5, 0.8])
# The upper edge keeps this distance from the lower eyelids, in face scales.
_EYELID_GAP = 0.045
# The nose carries the mask at least this far above the outer corners, in face scales.
_NOSE_PEAK = 0.12
# The u and v, each (13, 17), that the map from pixels back to them is fitted on.
_LATTICE = np.meshgrid(np.linspace(-1, 1, 17), np.linspace(0, 1, 13))
# Degree of the polynomial that maps pixels back to u and v.
_DEGREE = 4
_POWERS = [(i, j) for i in range(_DEGREE + 1) for j in range(_DEGREE + 1 - i)]


class MaskSurface:
    """The sheet of one mask on one face.

    Args:
        face: The face that wears it.
        shape: The cut of the mask.
        height: Wear height, 0 (low, on the nose ridge) .. 1 (high, at the bridge).
        drop: How far it reaches below the chin, in face scales.
    """

    def __init__(self, face: Face, shape: MaskShape, height: float, drop: float) -> None:
        self.face = face
        points, scale = face.points, face.scale
        nose = points[29] + height * (points[28] - points[29])
        chin = points[8] + np.array([0, drop * scale])
        # On a bowed head the nose is as low as the ears, yet the mask still peaks over it.
        corners = (self._inside(shape.upper_jaw, shape.inset, side)[1] for side in (-1, 1))
        nose[1] = max(min(nose[1], np.mean([*corners]) - _NOSE_PEAK * scale), points[27, 1])
        front = (points[33] + points[51]) / 2 + np.array([face.turn * shape.protrusion * scale, 0])
        left, right = (self._upper_side(shape, nose, front, side) for side in (-1, 1))
        upper = np.concatenate([left[::-1], [nose], right])
        left, right = (self._lower_side(shape, chin, front, side) for side in (-1, 1))
        lower = np.concatenate([left[::-1], [chin], right])
        self._upper, self._lower = Curve(_UPPER_KNOTS, upper), Curve(_LOWER_KNOTS, lower)
        self._bulges = (
            self._side_middle(shape, -1, front) - (upper[0] + lower[0]) / 2,
            front - (nose + chin) / 2,
            self._side_middle(shape, 1, front) - (upper[-1] + lower[-1]) / 2,
        )

    def at(self, u: Points | float, v: Points | float) -> Points:
        """Face-frame points (..., 2) of sheet coordinates u and v (broadcast together)."""
        return _between(*self._ends(u), np.asarray(v, dtype=np.float64))

    def edge(self, v: float) -> Points:
        """(n, 2) line across the face at constant v."""
        return _between(*self._edge_ends, np.asarray(v))

    def side(self, u: float) -> Points:
        """(n, 2) line down the face at constant u."""
        return self.at(u, _DOWN)

    def outline(self) -> Points:
        """(n, 2) closed outline."""
        return np.concatenate([self.edge(0), self.side(1), self.edge(1)[::-1], self.side(-1)[::-1]])

    def coordinates(self, canvas: Canvas) -> tuple[Field, Field]:
        """Sheet coordinates u and v, each (h, w), of the canvas's pixels; only meaningful on the mask."""
        u, v = _LATTICE
        samples = canvas.to_patch(self.at(u[0], v)).reshape(-1, 2)
        # Powers stay near 1 when counted from the middle of the mask in face scales.
        middle, scale = samples.mean(axis=0), self.face.scale
        x, y = ((samples - middle) / scale).T
        basis = np.stack([x**i * y**j for i, j in _POWERS], axis=1)
        # A light ridge keeps the fit tame where the far side of a turned head is squeezed together.
        normal = basis.T @ basis + 1e-6 * len(basis) * np.eye(len(_POWERS))
        factors = np.linalg.solve(normal, basis.T @ np.stack([u.ravel(), v.ravel()], axis=1))

        columns = _powers((np.arange(canvas.size[0]) - middle[0]) / scale)
        rows = _powers((np.arange(canvas.size[1]) - middle[1]) / scale)
        table = np.zeros((2, _DEGREE + 1, _DEGREE + 1))
        for (i, j), factor in zip(_POWERS, factors, strict=True):
            table[:, j, i] = factor
        across, down = (rows @ table @ columns.T).astype(np.float32)
        return np.clip(across, -1.2, 1.2), np.clip(down, -0.2, 1.2)

    @cached_property
    def _edge_ends(self) -> tuple[Points, Points, Points]:
        return self._ends(_ACROSS)

    def _ends(self, u: Points | float) -> tuple[Points, Points, Points]:
        """At each u, the points (..., 2) of the upper and the lower edge, and how the sheet bulges between them."""
        u = np.asarray(u, dtype=np.float64)
        upper, lower, u = self._upper(u), self._lower(u), u[..., None]
        left, middle, right = self._bulges
        return upper, lower, u * (u - 1) / 2 * left + (1 - u * u) * middle + u * (u + 1) / 2 * right

    def _upper_side(self, shape: MaskShape, nose: Points, front: Points, side: int) -> Points:
        """(4, 2) control points of the upper edge from beside the nose to the outer corner."""
        corner = self._inside(shape.upper_jaw, shape.inset, side)
        corner[0] = _outermost(side, corner[0], nose[0] + 0.5 * (front[0] - nose[0]))
        rise = np.array([*shape.rise, 1.0])
        reach = np.array([*_REACH, 1.0])
        edge = nose + np.stack([reach * (corner[0] - nose[0]), rise * (corner[1] - nose[1])], axis=1)
        lids = self.face.points[40:42] if side < 0 else self.face.points[46:48]
        edge[:, 1] = np.maximum(edge[:, 1], lids[:, 1].max() + _EYELID_GAP * self.face.scale)
        return edge

    def _lower_side(self, shape: MaskShape, chin: Points, front: Points, side: int) -> Points:
        """(3, 2) control points of the lower edge from beside the chin to the outer corner."""
        corner = self._inside(shape.lower_jaw, shape.inset, side)
        corner[0] = _outermost(side, corner[0], chin[0] + 0.85 * (front[0] - chin[0]))
        span = 8 - shape.lower_jaw
        drop = chin - self.face.points[8]
        beside = self._inside(8 - 0.36 * span, 0.1 * shape.inset, side) + 0.85 * drop
        towards = self._inside(8 - 0.72 * span, 0.8 * shape.inset, side) + 0.5 * drop
        beside[0] = _outermost(side, beside[0], chin[0] + 0.35 * (corner[0] - chin[0]))
        towards[0] = _outermost(side, towards[0], chin[0] + 0.75 * (corner[0] - chin[0]))
        return np.stack([beside, towards, corner])

    def _side_middle(self, shape: MaskShape, side: int, front: Points) -> Points:
        """(2,) middle of a side edge; on a turned head the front of the mask hides the far cheek."""
        middle = self._inside((shape.upper_jaw + shape.lower_jaw) / 2, shape.side_inset, side)
        middle[0] = _outermost(side, middle[0], front[0] + side * 0.06 * self.face.scale)
        return middle

    def _jaw(self, position: float, side: int) -> Points:
        return self.face.jaw(position if side < 0 else 16 - position)

    def _inside(self, position: float, inset: float, side: int) -> Points:
        jaw = self._jaw(position, side)
        # The near cheek of a turned head shows more of its width, so the edge stays clear of the ear.
        reach = inset * (1 - 0.6 * side * self.face.turn)
        return jaw + reach * (np.array([self.face.points[30, 0], jaw[1]]) - jaw)


def _between(upper: Points, lower: Points, bulge: Points, v: Points) -> Points:
    """Points (..., 2) of the sheet at v, given what :meth:`MaskSurface._ends` says of their u."""
    v = v[..., None]
    return upper + v * (lower - upper) + 4 * v * (1 - v) * bulge


def _outermost(side: int, *positions: float) -> float:
    """The x position that lies furthest towards one side of the picture."""
    return side * max(side * position for position in positions)


def _powers(positions: Points) -> Points:
    """(n, degree + 1) powers of (n,) positions."""
    return np.vander(positions, _DEGREE + 1, increasing=True)
