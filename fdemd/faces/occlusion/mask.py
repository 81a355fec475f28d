"""Face masks drawn onto an aligned face: the pure drawing function and the augmentation around it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from fdemd.faces.occlusion.canvas import Canvas, Field, rgb
from fdemd.faces.occlusion.drawn import DrawnOnFace, check_styles
from fdemd.faces.occlusion.fabric import print_coverage
from fdemd.faces.occlusion.geometry import Face, Points, read_face
from fdemd.faces.occlusion.mask_kinds import MASK_KINDS, MaskKind
from fdemd.faces.occlusion.mask_style import MaskStyle, sample_mask_style
from fdemd.faces.occlusion.mask_surface import MaskSurface
from fdemd.faces.occlusion.shading import contact_shadow, grain, photo_light

# Sheet coordinates of the middle of an exhalation valve, |u| and v.
_VALVE_U, _VALVE_V = 0.36, 0.62


def draw_mask(image: npt.NDArray[np.uint8], landmarks: Any, style: MaskStyle) -> npt.NDArray[np.uint8]:
    """A copy of the picture with a face mask on the face.

    Args:
        image: (height, width, 3) uint8 RGB; on a grey picture (R = G = B) the mask is grey too.
        landmarks: (68, 2) iBUG landmarks in pixels; they may lie outside the picture.
        style: The mask to draw.

    Raises:
        ValueError: The landmarks are not 68 finite points.
    """
    face = read_face(landmarks)
    kind = MASK_KINDS[style.kind]
    surface = MaskSurface(face, kind.shape, style.height, style.drop)
    outline = surface.outline()
    straps = kind.straps(face, surface)
    canvas = Canvas(image, face, np.concatenate([outline, *straps]), margin=0.04 * face.scale + 2)
    if canvas.empty:
        return image.copy()

    light = photo_light(canvas)
    _draw_straps(canvas, straps, style, light)
    plane = canvas.plane()
    canvas.polygon(plane, outline)
    body = canvas.coverage(plane)
    canvas.darken(contact_shadow(body, 0.018 * face.scale, (0, -0.006 * face.scale), 0.45))
    u, v = surface.coordinates(canvas)
    brightness = light * _curvature(u, v, face) * kind.relief(u, v, face, style.pleats) * _lines(canvas, kind, surface)
    brightness *= grain(brightness.shape, style.grain_seed, 0.016)
    canvas.blend(_cloth(style, u, v, face) * brightness[..., None], body)
    if style.valve:
        _draw_valve(canvas, surface, style, light)
    return canvas.finish()


def _cloth(style: MaskStyle, u: Field, v: Field, face: Face) -> Field:
    """(h, w, 3) colour of the cloth before shading."""
    base, printed = rgb(style.colour)[:, None, None], rgb(style.print_colour)[:, None, None]
    coverage = print_coverage(style.pattern, u, v, style.repeats, face.scale)
    return np.moveaxis(base + coverage * (printed - base), 0, -1)


def _curvature(u: Field, v: Field, face: Face) -> Field:
    """(h, w) shading of a sheet bent round the face and lit from the front and above."""
    across = np.cos(np.float32(1.05) * u + np.float32(0.75 * face.turn))
    fold_under_nose = np.exp(-((u / 0.4) ** 2) - ((v - 0.62) / 0.12) ** 2)
    below_chin = np.clip((v - 0.8) * 5, 0, 1) ** 1.5
    return (0.66 + 0.37 * across) * (1.03 - 0.1 * v - 0.16 * below_chin - 0.06 * fold_under_nose)


def _lines(canvas: Canvas, kind: MaskKind, surface: MaskSurface) -> Field:
    """(h, w) brightness factor of edge bindings and weld lines."""
    plane = canvas.plane(128)
    kind.lines(canvas, plane, surface)
    return canvas.coverage(plane) * np.float32(255 / 128)


def _draw_straps(canvas: Canvas, straps: Sequence[Points], style: MaskStyle, light: Field) -> None:
    plane = canvas.plane()
    width = (0.03 if style.kind == "n95" else 0.02) * canvas.face.scale
    for strap in straps:
        canvas.stroke(plane, strap, width)
        # The end slips behind the ear or under the hair.
        for part, value in ((-4, 190), (-3, 120), (-2, 50)):
            canvas.stroke(plane, strap[part:], width, value)
    alpha = canvas.coverage(plane)
    canvas.darken(contact_shadow(alpha, 0.01 * canvas.face.scale, (0, 0.012 * canvas.face.scale), 0.4))
    canvas.blend(rgb(style.strap_colour) * (0.9 * light)[..., None], alpha)


def _draw_valve(canvas: Canvas, surface: MaskSurface, style: MaskStyle, light: Field) -> None:
    """A round exhalation valve beside the middle of the cup, on the side that faces the camera."""
    side = -1 if canvas.face.turn > 0 else 1
    across = side * _VALVE_U
    angle = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    ring, disc = canvas.plane(), canvas.plane(128)
    for plane, radius, value in ((ring, 1.0, 255), (disc, 1.0, 120), (disc, 0.82, 140), (disc, 0.6, 126)):
        u, v = across + 0.17 * radius * np.cos(angle), _VALVE_V + 0.13 * radius * np.sin(angle)
        canvas.polygon(plane, surface.at(u, v), value)
    for offset in (-0.05, 0.0, 0.05):
        line = surface.at(across + np.linspace(-0.09, 0.09, 7), _VALVE_V + offset)
        canvas.stroke(disc, line, 0.014 * canvas.face.scale, 84)
    alpha = canvas.coverage(ring)
    canvas.darken(contact_shadow(alpha, 0.015 * canvas.face.scale, (0, 0.012 * canvas.face.scale), 0.3) * (1 - alpha))
    shade = light * canvas.coverage(disc) * np.float32(255 / 128)
    canvas.blend(rgb((228, 229, 229)) * shade[..., None], alpha)


class FaceMask(DrawnOnFace):
    """Put a random face mask on the face."""

    def __init__(self, kinds: Sequence[str] = tuple(MASK_KINDS), p: float = 1.0) -> None:
        """See :class:`DrawnOnFace`; ``kinds`` are keys of ``MASK_KINDS``."""
        super().__init__(p)
        check_styles("kind of mask", kinds, MASK_KINDS)
        self.kinds = tuple(kinds)

    def sample(self) -> MaskStyle:
        """A style of one of the kinds."""
        return sample_mask_style(self.random_generator, self.kinds)

    def draw(self, image: npt.NDArray[np.uint8], landmarks: Points, style: MaskStyle) -> npt.NDArray[np.uint8]:
        """See :func:`draw_mask`."""
        return draw_mask(image, landmarks, style)
