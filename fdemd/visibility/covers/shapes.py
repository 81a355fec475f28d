"""Outlines of covers in the face frame: origin midway between the eyes, y towards the chin, which lies at 1.

Every function draws from a generator of random numbers, so that a seed repeats it, and returns closed outlines
``(n, 2)``, to be filled together.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from fdemd.faces.occlusion.geometry import Curve, Points, closed_curve

Shape = Callable[[np.random.Generator], list[Points]]
_OUTSIDE = 3.0
"""Beyond every aligned face."""


def scarf(rng: np.random.Generator) -> list[Points]:
    """Cloth over mouth and chin, its upper edge anywhere between the eyes and the mouth."""
    return [_below(_edge(rng, rng.uniform(0.2, 0.6), rough=0.05, sag=rng.uniform(-0.1, 0.15)))]


def cap(rng: np.random.Generator) -> list[Points]:
    """The brim of a cap or hat over forehead and brows, at most to the eyes."""
    return [_above(_edge(rng, rng.uniform(-0.35, 0.0), rough=0.02, sag=rng.uniform(-0.12, 0.12)))]


def fringe(rng: np.random.Generator) -> list[Points]:
    """Hair over the forehead, down to the brows or into the eyes, or over one side of the face."""
    if rng.random() < 0.3:
        side, start = rng.choice([-1, 1]), rng.uniform(-0.1, 0.4)
        edge = _edge(rng, start, rough=0.08, sag=rng.uniform(-0.2, 0.2))
        return [_above(edge * [1, -1])[:, ::-1] * [side, 1]]
    return [_above(_edge(rng, rng.uniform(-0.25, 0.12), rough=0.12, sag=rng.uniform(-0.15, 0.1)))]


def hand(rng: np.random.Generator) -> list[Points]:
    """A palm with some fingers, from any side, over the mouth, an eye, a cheek or the forehead."""
    centre = np.array([rng.uniform(-0.5, 0.5), rng.uniform(-0.3, 0.9)])
    towards = np.pi / 2 * rng.normal(-1, 0.8)
    size = rng.uniform(0.28, 0.45)
    palm = closed_curve(size * rng.uniform(0.85, 1.1, (8, 1)) * _circle(8))
    fingers = []
    for number in range(rng.integers(2, 5)):
        angle = (number - 1.5) * rng.uniform(0.15, 0.3)
        length, width = size * rng.uniform(1.6, 2.4), size * rng.uniform(0.2, 0.26)
        along = np.array([np.cos(angle), np.sin(angle)])
        root = size * 0.6 * np.array([np.cos(angle), 2.2 * np.sin(angle)])
        fingers.append(_capsule(root, root + along * length, width))
    turn = np.array([[np.cos(towards), np.sin(towards)], [-np.sin(towards), np.cos(towards)]])
    return [part @ turn + centre for part in (palm, *fingers)]


def blob(rng: np.random.Generator) -> list[Points]:
    """A smooth shape of any size, anywhere on the face."""
    corners = int(rng.integers(4, 9))
    size = rng.uniform(0.15, 0.7)
    radii = size * rng.uniform(0.6, 1.4, (corners, 1)) * [1, rng.uniform(0.5, 1.5)]
    return [closed_curve(radii * _circle(corners, rng.uniform(0, 2 * np.pi))) + _place(rng)]


def board(rng: np.random.Generator) -> list[Points]:
    """A straight-edged thing, such as a book, a telephone or a microphone's bar, at any angle."""
    half = rng.uniform(0.12, 0.8, 2)
    angle = rng.normal(0, 0.5)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    return [(np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) * half) @ turn + _place(rng)]


def _place(rng: np.random.Generator) -> Points:
    return np.array([rng.uniform(-0.7, 0.7), rng.uniform(-0.6, 1.1)])


def _circle(points: int, start: float = 0.0) -> Points:
    angle = start + np.linspace(0, 2 * np.pi, points, endpoint=False)
    return np.stack([np.cos(angle), np.sin(angle)], axis=1)


def _capsule(start: Points, end: Points, radius: float) -> Points:
    along = (end - start) / max(float(np.linalg.norm(end - start)), 1e-6)
    angle = np.arctan2(along[1], along[0]) + np.linspace(-np.pi / 2, np.pi / 2, 9)
    cap_of = radius * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return np.concatenate([end + cap_of, start - cap_of])


def _edge(rng: np.random.Generator, height: float, rough: float, sag: float) -> Points:
    """A line across the face at a height, rough and sagging in the middle, slightly tilted."""
    x = np.linspace(-1, 1, 13)
    y = height + sag * (1 - x**2) + rng.normal(0, 0.08) * x + rough * rng.normal(0, 1, len(x))
    knots = np.linspace(0, 1, len(x))
    return Curve(knots, np.stack([_OUTSIDE * x / 2, y], axis=1))(np.linspace(0, 1, 60))


def _below(edge: Points) -> Points:
    return np.concatenate([edge, [(_OUTSIDE, _OUTSIDE), (-_OUTSIDE, _OUTSIDE)]])


def _above(edge: Points) -> Points:
    return np.concatenate([edge, [(_OUTSIDE, -_OUTSIDE), (-_OUTSIDE, -_OUTSIDE)]])
