"""The four kinds of face mask: cut, surface relief, edge lines and straps of each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from fdemd.faces.occlusion.canvas import Canvas, Field, Plane
from fdemd.faces.occlusion.geometry import Face, Points, arc
from fdemd.faces.occlusion.mask_surface import MaskShape, MaskSurface
from fdemd.faces.occlusion.shading import ridge


@dataclass(frozen=True)
class MaskKind:
    """How one kind of mask is built.

    Attributes:
        shape: Its cut.
        relief: Brightness factor (h, w) around 1 of folds and seams, from u, v, the face and the number of pleats.
        lines: Paints edge bindings and weld lines into a plane, 128 being neutral.
        straps: Face-frame lines (n, 2) of the straps.
    """

    shape: MaskShape
    relief: Callable[[Field, Field, Face, int], Field]
    lines: Callable[[Canvas, Plane, MaskSurface], None]
    straps: Callable[[Face, MaskSurface], list[Points]]


def _surgical_relief(u: Field, v: Field, face: Face, pleats: int) -> Field:
    """Horizontal pleats that open over the mouth, below the pressed band of the nose wire."""
    thin = max(0.014, 1.1 / face.scale)
    relief = np.ones_like(u)
    opened = 1 - u**2
    for number in range(pleats):
        start = 0.3 + 0.4 * number / max(pleats - 1, 1)
        fold = np.float32(start) + opened * np.float32(0.09 * (start - 0.35))
        depth = 0.55 + 0.45 * opened
        relief -= 0.17 * depth * ridge(v, fold, thin)
        relief += 0.06 * depth * ridge(v, fold - 0.035, 0.025)
        relief -= 0.05 * depth * ridge(v, fold + 0.05, 0.04)
    wire = np.clip((0.55 - np.abs(u)) * 8, 0, 1)
    relief += wire * (0.07 * ridge(v, 0.085, 0.02) - 0.09 * ridge(v, 0.125, thin) - 0.06 * ridge(v, 0.05, thin))
    # The gathered side edges pucker.
    return relief - 0.05 * np.clip(np.abs(u) - 0.8, 0, 0.2) * 5 * (1 + np.sin(v * 42))


def _cloth_relief(u: Field, v: Field, face: Face, pleats: int) -> Field:
    """A stitched seam down the middle, a hem, and soft creases from the corners."""
    thin = max(0.02, 1.0 / face.scale)
    relief = 1 - 0.14 * ridge(u, 0, thin) + 0.05 * ridge(u, 0.05, 0.03) + 0.05 * ridge(u, -0.05, 0.03)
    side = np.abs(u)
    for start, slope in ((0.12, 0.42), (0.9, -0.35)):
        crease = start + slope * (1 - side)
        relief -= 0.08 * np.clip(side * 2 - 0.9, 0, 1) * ridge(v, crease, 0.035)
        relief += 0.05 * np.clip(side * 2 - 0.9, 0, 1) * ridge(v, crease - 0.06, 0.035)
    return relief


def _n95_relief(u: Field, v: Field, face: Face, pleats: int) -> Field:
    """A moulded cup: falls off towards the rim, with a pinched nose and an embossed ring."""
    radius = np.hypot(u * 0.95, (v - 0.5) * 1.9)
    relief = 1.04 - 0.2 * np.clip(radius - 0.45, 0, 1) ** 1.5
    ring = max(0.03, 1.2 / face.scale)
    relief += 0.07 * ridge(radius, 0.8, ring) - 0.1 * ridge(radius, 0.86, ring)
    pinch = np.clip(1 - v / 0.35, 0, 1)
    relief += pinch * (0.1 * ridge(u, 0, 0.09) - 0.13 * ridge(np.abs(u), 0.2, 0.09))
    return relief


def _kn95_relief(u: Field, v: Field, face: Face, pleats: int) -> Field:
    """Two flat halves that meet in a sharp vertical fold, and a pressed nose wire."""
    thin = max(0.018, 0.9 / face.scale)
    facing = np.tanh(u * 14) * np.float32(0.07 * (np.sign(face.turn) or 1.0))
    relief = 1 - facing + 0.1 * ridge(u, 0, thin) - 0.05 * ridge(np.abs(u), 0.06, 0.03)
    wire = np.clip((0.42 - np.abs(u)) * 10, 0, 1)
    return relief - wire * 0.07 * (ridge(v, 0.1, thin) + ridge(v, 0.16, thin))


def _bound_edges(canvas: Canvas, plane: Plane, surface: MaskSurface) -> None:
    """A lighter binding along the upper and lower edge, closed by a seam."""
    scale = surface.face.scale
    for v, seam in ((0.012, 0.05), (0.985, 0.945)):
        canvas.stroke(plane, surface.edge(seam), 0.011 * scale, 112)
        canvas.stroke(plane, surface.edge(v), 0.032 * scale, 146)
    for u in (-0.975, 0.975):
        canvas.stroke(plane, surface.side(u), 0.03 * scale, 140)


def _hemmed_edges(canvas: Canvas, plane: Plane, surface: MaskSurface) -> None:
    """A hem: a thin stitched line parallel to all edges."""
    width = 0.01 * surface.face.scale
    for line in (surface.edge(0.06), surface.edge(0.94), surface.side(-0.92), surface.side(0.92)):
        canvas.stroke(plane, line, width, 106)


def _cup_rim(canvas: Canvas, plane: Plane, surface: MaskSurface) -> None:
    """The flat pressed rim of a cup."""
    outline = surface.outline()
    canvas.stroke(plane, np.concatenate([outline, outline[:1]]), 0.05 * surface.face.scale, 119)


def _welded_edges(canvas: Canvas, plane: Plane, surface: MaskSurface) -> None:
    """Dotted weld lines along the edges and curving down from the nose on both halves."""
    width = 0.014 * surface.face.scale
    outwards = np.linspace(0, 1, 31)
    curves = [surface.edge(0.05), surface.edge(0.945), surface.side(-0.93), surface.side(0.93)]
    curves += [surface.at(side * (0.12 + 0.68 * outwards), 0.2 + 0.12 * outwards**2) for side in (-1, 1)]
    for line in curves:
        canvas.stroke(plane, line[: len(line) // 2 * 2].reshape(-1, 2, 2), width, 105)


def _ear_loops(face: Face, surface: MaskSurface) -> list[Points]:
    """From both corners to the top and bottom of each ear that the turn of the head leaves visible."""
    straps = []
    for side in (-1, 1):
        shown = _shown(face, side)
        if shown <= 0:
            continue
        ear_top, ear_low = (_ear(face, side, position, shown) for position in (0.3, 1.7))
        straps.append(arc(surface.at(side * 0.95, 0.04), ear_top, 0.015 * face.scale))
        straps.append(arc(surface.at(side * 0.95, 0.95), ear_low, -0.03 * face.scale))
    return straps


def _head_bands(face: Face, surface: MaskSurface) -> list[Points]:
    """Two elastic bands: one rising above the ear, one passing below it."""
    straps = []
    for side in (-1, 1):
        shown = _shown(face, side)
        if shown <= 0:
            continue
        above, below = _ear(face, side, 0.0, shown), _ear(face, side, 2.6, shown)
        above = above + np.array([0, -0.12 * face.scale * shown])
        straps.append(arc(surface.at(side * 0.95, 0.2), above, -0.01 * face.scale))
        straps.append(arc(surface.at(side * 0.95, 0.75), below, 0.01 * face.scale))
    return straps


def _shown(face: Face, side: int) -> float:
    """How much of one ear is visible: 1 in front view and on the near side, 0 on the far side of a turned head."""
    return float(np.clip(1 - 2.2 * side * face.turn, 0, 1))


def _ear(face: Face, side: int, position: float, shown: float) -> Points:
    """(2,) point just outside the jaw line at a landmark position counted from the ear."""
    jaw = face.jaw(position if side < 0 else 16 - position)
    return jaw + np.array([side * 0.02 * face.scale * shown, 0])


MASK_KINDS: dict[str, MaskKind] = {
    "surgical": MaskKind(
        MaskShape(1.5, 4.4, inset=0.1, side_inset=0.1, rise=(0.22, 0.66, 0.92), protrusion=0.06),
        _surgical_relief,
        _bound_edges,
        _ear_loops,
    ),
    "cloth": MaskKind(
        MaskShape(1.8, 4.2, inset=0.09, side_inset=0.08, rise=(0.3, 0.8, 0.97), protrusion=0.08),
        _cloth_relief,
        _hemmed_edges,
        _ear_loops,
    ),
    "n95": MaskKind(
        MaskShape(2.2, 4.4, inset=0.14, side_inset=0.11, rise=(0.38, 0.78, 0.92), protrusion=0.14),
        _n95_relief,
        _cup_rim,
        _head_bands,
    ),
    "kn95": MaskKind(
        MaskShape(1.9, 4.0, inset=0.13, side_inset=0.14, rise=(0.3, 0.66, 0.9), protrusion=0.12),
        _kn95_relief,
        _welded_edges,
        _ear_loops,
    ),
}
