"""Sunglasses drawn onto an aligned face: the pure drawing function and the augmentation around it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from fdemd.faces.occlusion.canvas import RGB, Canvas, Field, rgb
from fdemd.faces.occlusion.drawn import DrawnOnFace, check_styles
from fdemd.faces.occlusion.geometry import Face, Points, arc, read_face
from fdemd.faces.occlusion.lenses import FRAME_CUTS, FrameCut, Lens, place_lenses
from fdemd.faces.occlusion.shading import contact_shadow, photo_light

_TINTS: tuple[RGB, ...] = ((14, 14, 16), (44, 30, 20), (38, 40, 44), (20, 34, 26), (18, 24, 38))
_PLASTIC: tuple[RGB, ...] = ((20, 20, 22), (58, 36, 22), (34, 36, 46), (88, 20, 24), (200, 198, 192))
_METAL: tuple[RGB, ...] = ((178, 148, 84), (170, 172, 176), (52, 53, 56))
_METAL_FRAMES = ("aviator", "round")


@dataclass(frozen=True)
class SunglassesStyle:
    """Everything about a pair of sunglasses that is not the face.

    Attributes:
        frame: A key of `FRAME_CUTS`.
        tint: RGB of the lenses, 0..255.
        opacity: Opacity of the lenses at their upper edge, 0.85..1.
        fade: How much lighter the tint is at the lower edge, 0..1.
        frame_colour: RGB of rim, bridge and temples.
        size: Scale of the lens height, around 1.
        highlight: Strength of the reflection, 0..1.
        highlight_at: (x, y) of the reflection in the lens's unit box, -1..1.
    """

    frame: str = "wayfarer"
    tint: RGB = (14, 14, 16)
    opacity: float = 0.97
    fade: float = 0.3
    frame_colour: RGB = (20, 20, 22)
    size: float = 1.0
    highlight: float = 0.3
    highlight_at: tuple[float, float] = (-0.2, -0.4)


def sample_sunglasses_style(rng: np.random.Generator, styles: Sequence[str]) -> SunglassesStyle:
    """Draw random sunglasses with a frame from `styles` (keys of `FRAME_CUTS`) from the generator."""
    frame = str(rng.choice(list(styles)))
    colours = _METAL if frame in _METAL_FRAMES else _PLASTIC
    return SunglassesStyle(
        frame=frame,
        tint=_TINTS[rng.integers(len(_TINTS))],
        opacity=float(rng.uniform(0.88, 1.0)),
        fade=float(rng.uniform(0.0, 0.6)),
        frame_colour=colours[rng.integers(len(colours))],
        size=float(rng.uniform(0.92, 1.12)),
        highlight=float(rng.uniform(0.08, 0.4)),
        highlight_at=(float(rng.uniform(-0.5, 0.4)), float(rng.uniform(-0.6, -0.15))),
    )


def draw_sunglasses(image: npt.NDArray[np.uint8], landmarks: Any, style: SunglassesStyle) -> npt.NDArray[np.uint8]:
    """A copy of the picture with sunglasses on the face.

    Args:
        image: (height, width, 3) uint8 RGB; on a grey picture (R = G = B) the sunglasses are grey too.
        landmarks: (68, 2) iBUG landmarks in pixels; they may lie outside the picture.
        style: The sunglasses to draw.

    Raises:
        ValueError: The landmarks are not 68 finite points.
    """
    face = read_face(landmarks)
    cut = FRAME_CUTS[style.frame]
    lenses = place_lenses(face, cut, style.size)
    outlines = [lens.outline(cut) for lens in lenses]
    temples = [temple for lens in lenses for temple in _temple(face, cut, lens)]
    canvas = Canvas(image, face, np.concatenate([*outlines, *temples]), margin=0.05 * face.scale + 2)
    if canvas.empty:
        return image.copy()

    light = photo_light(canvas)
    glass, frame = canvas.plane(), canvas.plane()
    for outline in outlines:
        canvas.polygon(glass, outline)
        canvas.stroke(frame, np.concatenate([outline, outline[:2]]), cut.rim * face.scale)
    for temple in temples:
        canvas.polygon(frame, temple)
    for bar in _bridge(face, cut, lenses):
        canvas.stroke(frame, bar, cut.bridge_width * face.scale)

    covered = canvas.coverage(np.maximum(glass, frame))
    canvas.darken(contact_shadow(covered, 0.025 * face.scale, (0, 0.025 * face.scale), 0.4))
    colour, opacity = _glass(canvas, lenses, style)
    canvas.blend(colour * light[..., None], canvas.coverage(glass) * opacity)
    gloss = _gloss(canvas, frame)
    canvas.blend((rgb(style.frame_colour) + gloss[..., None]) * light[..., None], canvas.coverage(frame))
    return canvas.finish()


def _bridge(face: Face, cut: FrameCut, lenses: tuple[Lens, Lens]) -> list[Points]:
    """Lines (n, 2) of the bars between the lenses, slightly arched over the nose."""
    bars = []
    for height in cut.bridge_heights:
        ends = [lens.place(np.array([-0.88 if abs(height) > 0.7 else -0.96, height])) for lens in lenses]
        bars.append(arc(ends[0], ends[1], -0.025 * face.scale))
    return bars


def _temple(face: Face, cut: FrameCut, lens: Lens) -> list[Points]:
    """The visible temple as a tapered polygon (4, 2) from hinge to ear; none where the head hides it."""
    hinge = lens.place(np.array([0.94, cut.hinge]))
    ear = face.points[0 if lens.side < 0 else 16] + np.array([lens.side * 0.01, -0.03]) * face.scale
    # A temple rests on top of the ear, above the landmark at its front.
    ear[1] += 0.4 * (hinge[1] - ear[1])
    if lens.side * (ear[0] - hinge[0]) < 0.04 * face.scale:
        return []
    half = np.array([0, cut.temple * face.scale / 2])
    return [np.stack([hinge - half, ear - 0.7 * half, ear + 0.7 * half, hinge + half])]


def _glass(canvas: Canvas, lenses: tuple[Lens, Lens], style: SunglassesStyle) -> tuple[Field, Field]:
    """Colour (h, w, 3) and opacity (h, w) of the lenses: a vertical gradient and one soft reflection each."""
    grid = canvas.frame_grid()
    colour = np.zeros((*grid.shape[:2], 3), dtype=np.float32)
    nose = np.float32((lenses[0].inner + lenses[1].inner) / 2)
    opacity = np.zeros(grid.shape[:2], dtype=np.float32)
    for lens in lenses:
        own = (grid[..., 0] < nose) if lens.side < 0 else (grid[..., 0] >= nose)
        spot = lens.place(np.array([lens.side * style.highlight_at[0], style.highlight_at[1]]))
        x = (grid[..., 0] - spot[0]) / (0.32 * abs(lens.outer - lens.inner))
        y = (grid[..., 1] - spot[1]) / (0.3 * lens.half_height)
        # Tilted, as the window or sky that it mirrors is seen in a curved glass.
        shine = np.exp(-((x + 0.5 * y) ** 2) - (y - 0.3 * x) ** 2) * np.float32(style.highlight)
        down = np.clip((grid[..., 1] - lens.middle) / (2 * lens.half_height) + 0.5, 0, 1)
        tinted = rgb(style.tint) + (np.float32(70 * style.fade) * down**2)[..., None]
        colour += own[..., None] * (tinted + shine[..., None] * (np.float32(235) - tinted))
        opacity += own * (style.opacity - 0.12 * style.fade * down**2)
    return colour, np.clip(opacity, 0.85, 1)


def _gloss(canvas: Canvas, frame: npt.NDArray[np.uint8]) -> Field:
    """(h, w) brightness added along the upper edges of the frame, where it catches the light from above."""
    body = cv2.GaussianBlur(canvas.coverage(frame), (0, 0), 0.7)
    slope = cv2.Sobel(body, cv2.CV_32F, 0, 1, ksize=3)
    return np.clip(slope, 0, 1.5) * np.float32(38)


class Sunglasses(DrawnOnFace):
    """Put random sunglasses on the face."""

    def __init__(self, styles: Sequence[str] = tuple(FRAME_CUTS), p: float = 1.0) -> None:
        """See :class:`DrawnOnFace`; ``styles`` are keys of ``FRAME_CUTS``."""
        super().__init__(p)
        check_styles("style of sunglasses", styles, FRAME_CUTS)
        self.styles = tuple(styles)

    def sample(self) -> SunglassesStyle:
        """One of the styles, with its colours."""
        return sample_sunglasses_style(self.random_generator, self.styles)

    def draw(self, image: npt.NDArray[np.uint8], landmarks: Points, style: SunglassesStyle) -> npt.NDArray[np.uint8]:
        """See :func:`draw_sunglasses`."""
        return draw_sunglasses(image, landmarks, style)
