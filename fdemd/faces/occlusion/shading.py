"""Light and material: what makes a drawn object sit in the photograph."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from fdemd.faces.occlusion.canvas import LUMA, Canvas, Field
from fdemd.faces.occlusion.geometry import Face, Points

# Luminance of the brightest skin in a well-exposed photograph.
_BRIGHT_SKIN = 205.0
# Resolution at which the light on a face is estimated; detail finer than this is features, not light.
_LIGHT_GRID = 16


def skin_outline(face: Face) -> Points:
    """(n, 2) face-frame polygon of the jaw and brows, which holds mostly skin."""
    return np.concatenate([face.points[0:17], face.points[26:16:-1]])


def photo_light(canvas: Canvas, strength: float = 0.55) -> Field:
    """(h, w) light on the face relative to a well-exposed, evenly lit photograph, about 0.5..1.25.

    Args:
        canvas: Patch with the still undisturbed photograph.
        strength: How much of the unevenness of the face's own luminance is kept, 0..1.
    """
    luminance = canvas.patch @ LUMA
    plane = canvas.plane()
    canvas.polygon(plane, skin_outline(canvas.face))
    skin = canvas.coverage(plane)
    on_skin = luminance[skin > 0.5]
    if on_skin.size == 0:
        return np.ones_like(luminance)
    exposure = float(np.clip(np.percentile(on_skin, 92) / _BRIGHT_SKIN, 0.5, 1.1)) ** 0.8

    grid = (_LIGHT_GRID, _LIGHT_GRID)
    weight = cv2.resize(skin, grid, interpolation=cv2.INTER_AREA)
    light = cv2.resize(skin * luminance, grid, interpolation=cv2.INTER_AREA)
    # Blurring light and weight alike spreads the skin's light over the background without mixing that in.
    weight = cv2.GaussianBlur(weight, (0, 0), 2.5) + np.float32(1e-3)
    light = cv2.GaussianBlur(light, (0, 0), 2.5) + np.float32(1e-3) * np.float32(on_skin.mean())
    relative = np.clip(light / weight / max(float(on_skin.mean()), 1.0), 0.45, 1.5) ** strength
    smooth = cv2.resize(relative.astype(np.float32), canvas.size, interpolation=cv2.INTER_CUBIC)
    return smooth * np.float32(exposure)


def grain(shape: tuple[int, ...], seed: int, amount: float, size: float = 0.6) -> Field:
    """(h, w) multiplicative fabric or sensor noise around 1 with standard deviation about `amount`.

    Args:
        shape: Height and width.
        seed: The noise is a function of the seed and shape alone.
        amount: Standard deviation, as a fraction.
        size: Blur radius in pixels.
    """
    noise = np.random.default_rng(seed).standard_normal(shape[:2], dtype=np.float32)
    noise = cv2.GaussianBlur(noise, (0, 0), size) * np.float32(2 * size)
    return 1 + np.float32(amount) * noise


def contact_shadow(alpha: Field, radius: float, offset: tuple[float, float], strength: float) -> Field:
    """(h, w) darkening that an opaque object of coverage `alpha` throws on the skin around it.

    Args:
        alpha: Coverage 0..1.
        radius: Softness in pixels.
        offset: (x, y) shift of the shadow in pixels.
        strength: Greatest darkening, 0..1.
    """
    move = np.array([[1, 0, offset[0]], [0, 1, offset[1]]], dtype=np.float32)
    moved = cv2.warpAffine(alpha, move, alpha.shape[::-1], borderMode=cv2.BORDER_REPLICATE)
    return cv2.GaussianBlur(moved, (0, 0), max(radius, 0.3)) * np.float32(strength)


def ridge(position: Field, centre: float | npt.NDArray[np.floating], width: float) -> Field:
    """Soft line: 1 where `position` equals `centre`, falling off like a bell of the given half width."""
    return np.exp(-(((position - centre) / np.float32(width)) ** 2)).astype(np.float32)
