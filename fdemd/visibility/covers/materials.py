"""What covers are made of: colours ``(h, w, 3)`` in 0..255 over a patch of a photograph."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from fdemd.faces.occlusion.canvas import Canvas, Field
from fdemd.faces.occlusion.fabric import PATTERNS, print_coverage
from fdemd.faces.occlusion.shading import photo_light, skin_outline

Material = Callable[[Canvas, np.random.Generator], Field]
_HAIR = np.array([(18, 15, 14), (45, 32, 24), (84, 60, 42), (150, 118, 78), (120, 118, 116), (96, 44, 26)])


def cloth(canvas: Canvas, rng: np.random.Generator) -> Field:
    """Plain or printed cloth with soft folds."""
    base, printed = (rng.uniform(10, 245, 3).astype(np.float32) for _ in range(2))
    grid = canvas.frame_grid() / np.float32(canvas.face.scale)
    pattern = str(rng.choice(PATTERNS)) if rng.random() < 0.5 else "plain"
    printing = print_coverage(pattern, grid[..., 0], grid[..., 1], float(rng.uniform(3, 12)), canvas.face.scale)
    colour = base + printing[..., None] * (printed - base)
    return colour * _folds(canvas, rng, 0.25)[..., None] * photo_light(canvas)[..., None]


def skin(canvas: Canvas, rng: np.random.Generator) -> Field:
    """The face's own skin, a little lighter or darker."""
    plane = canvas.plane()
    canvas.polygon(plane, skin_outline(canvas.face))
    on_skin = canvas.patch[canvas.coverage(plane) > 0.5]
    colour = np.median(on_skin, axis=0) if len(on_skin) else np.array([190, 150, 130])
    colour = colour * rng.uniform(0.8, 1.15) + rng.normal(0, 6, 3)
    return colour.astype(np.float32) * _folds(canvas, rng, 0.12)[..., None]


def hair(canvas: Canvas, rng: np.random.Generator) -> Field:
    """Strands of one colour, lighter and darker."""
    colour = (_HAIR[rng.integers(len(_HAIR))] * rng.uniform(0.7, 1.3)).astype(np.float32)
    strands = _noise(canvas, rng, (float(rng.uniform(0.4, 1.2)), 12.0))
    return np.clip(colour * (1 + np.float32(0.3) * strands)[..., None], 0, 255)


def anything(canvas: Canvas, rng: np.random.Generator) -> Field:
    """Smooth colours, coarse or fine, of any contrast."""
    base = rng.uniform(0, 255, 3).astype(np.float32)
    width = float(rng.uniform(1, 15))
    contrast = np.float32(rng.uniform(0, 70))
    channels = [_noise(canvas, rng, (width, width)) for _ in range(3)]
    return np.clip(base + contrast * np.stack(channels, axis=-1), 0, 255)


def _folds(canvas: Canvas, rng: np.random.Generator, depth: float) -> Field:
    width = float(rng.uniform(3, 10))
    return np.clip(1 + np.float32(depth) * _noise(canvas, rng, (width, width * rng.uniform(0.3, 3))), 0.4, 1.4)


def _noise(canvas: Canvas, rng: np.random.Generator, width: tuple[float, float]) -> Field:
    """Noise ``(h, w)`` of mean 0 and deviation 1, smooth over widths across and down in pixels of a face of 112."""
    across, down = (max(each * canvas.face.scale / 60, 0.3) for each in width)
    noise = rng.standard_normal(canvas.size[::-1], dtype=np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), sigmaX=across, sigmaY=down)
    return (smooth - smooth.mean()) / max(float(smooth.std()), 1e-6)
