"""The one way an image file becomes pixels, for training and evaluation alike."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

SMALLEST_SIDE = 16
"""Pixels; a smaller picture cannot hold a face worth the name."""


class UnreadableImageError(Exception):
    """Why a file could not be used, in words."""


def read_image(file: Path | BinaryIO) -> np.ndarray:
    """Read a picture as ``(H, W, 3)`` uint8 RGB, upright as its EXIF orientation says.

    Grey and palette pictures become RGB, transparency is put over black, 16-bit grey is scaled to 8 bits, of an
    animation the first frame is taken. Pillow's limit on the number of pixels stays in force.

    Raises:
        UnreadableImageError: not an image, cut short, too small or too large.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(file) as image:
                image.load()
                pixels = np.array(_to_rgb(_upright(image)))
    except UnidentifiedImageError as error:
        raise UnreadableImageError("not an image, or of an unknown format") from error
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise UnreadableImageError("more pixels than Pillow takes for safe") from error
    except FileNotFoundError as error:
        raise UnreadableImageError("there is no such file") from error
    except UnreadableImageError:
        raise
    except Exception as error:  # decoders raise many kinds on damaged files
        raise UnreadableImageError(f"damaged: {error}") from error
    if min(pixels.shape[:2]) < SMALLEST_SIDE:
        height, width = pixels.shape[:2]
        raise UnreadableImageError(f"{width}x{height} pixels are too small for a face")
    return pixels


def _upright(image: Image.Image) -> Image.Image:
    try:
        return ImageOps.exif_transpose(image)
    except Exception:  # Pillow raises many kinds on broken EXIF blocks; the pixels are good without
        return image


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode in ("I", "F"):
        raise UnreadableImageError("32-bit grey levels have no agreed range; save it with 8 or 16 bits")
    if image.mode.startswith("I;16"):  # Pillow's own conversion would clip it to white
        return Image.fromarray((np.asarray(image) / 257).clip(0, 255).astype(np.uint8)).convert("RGB")
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        rgba = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", rgba.size, "black"), rgba).convert("RGB")
    return image.convert("RGB")
