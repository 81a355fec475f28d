"""Reading image files: the one way to pixels, for training and evaluation alike."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from functools import cache
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from fdemd.files.regular import open_regular
from fdemd.files.text import to_printable

FORMATS = ("JPEG", "PNG", "GIF", "BMP", "DIB", "TIFF", "WEBP", "PPM", "JPEG2000", "AVIF")
"""Formats that are read, whatever the name of the file; those of :data:`fdemd.data.tree.IMAGE_ENDINGS`.

Pillow knows more, some of which start other programs (EPS). A phone's JPEG of several pictures (MPO) is opened as a
JPEG. Those of the list that this Pillow was built without are left out.
"""
SMALLEST_SIDE, LARGEST_RATIO = 16, 50
"""Shortest side in pixels, and largest ratio of the sides, of a picture that can show a face.

Faces are detected in a copy whose longer side has 1000 pixels, where a narrower strip has no room for a face."""


class UnreadableImageError(Exception):
    """An image file that cannot be used; the message says why, without a full stop."""


def read_image(file: Path | BinaryIO) -> np.ndarray:
    """Read a picture as ``(H, W, 3)``, uint8 RGB, rotated as its EXIF orientation says.

    Grey and palette pictures become RGB, transparency is put over black, 16-bit grey is scaled to 8 bits, of an
    animation the first frame is taken. Pillow's limit on the number of pixels stays in force.

    Raises:
        UnreadableImageError: The file is no image, of a format that photographs do not have, cut short, too small, too
            large or too narrow.
    """
    with open_image(file) as image:
        check_sides(*image.size)
        image.load()
        # Pillow opens PGM files of more than 8 bits as 32-bit ones, stretched to 16 bits from the maximum of the file.
        levels = image.convert("I;16") if (image.format, image.mode) == ("PPM", "I") else image
        return upright_rgb(levels)


def upright_rgb(image: Image.Image) -> np.ndarray:
    """Return an opened picture as ``(H, W, 3)`` uint8 RGB, as :func:`read_image` describes it.

    Raises:
        UnreadableImageError: Its grey levels have 32 bits, which have no agreed range.
    """
    return np.array(_to_rgb(_upright(image)))


@contextmanager
def open_image(file: Path | BinaryIO) -> Iterator[Image.Image]:
    """Open a picture for the ``with`` block; its pixels are not decoded yet.

    Raises:
        UnreadableImageError: Anything went wrong while it was opened or in the ``with`` block.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what Pillow murmurs about odd metadata is nothing to act on
            source = BufferedReader(open_regular(file)) if isinstance(file, Path) else nullcontext(file)
            with source as picture, Image.open(picture, formats=_known_formats()) as image:
                limit = Image.MAX_IMAGE_PIXELS
                if limit is not None and image.width * image.height > limit:
                    raise Image.DecompressionBombError
                yield image
    except UnreadableImageError:
        raise
    except UnidentifiedImageError as error:
        raise UnreadableImageError("not an image, or of an unknown format") from error
    except Image.DecompressionBombError as error:
        raise UnreadableImageError("more pixels than Pillow takes for safe") from error
    except FileNotFoundError as error:
        raise UnreadableImageError("there is no such file") from error
    except PermissionError as error:
        raise UnreadableImageError("it may not be read (permission denied)") from error
    except MemoryError as error:
        raise UnreadableImageError("it needs more memory than there is") from error
    except Exception as error:  # decoders raise many kinds on damaged files
        if isinstance(error, OSError) and error.strerror:  # the system's word, not a decoder's
            raise UnreadableImageError(f"it cannot be read ({error.strerror})") from error
        raise UnreadableImageError(f"damaged: {to_printable(str(error)) or type(error).__name__}") from error


def check_sides(width: int, height: int) -> None:
    """Check that a picture of some width and height, in pixels, can show a face.

    Raises:
        UnreadableImageError: The picture is too small or too narrow.
    """
    if min(width, height) < SMALLEST_SIDE:
        raise UnreadableImageError(f"{width}x{height} pixels are too small for a face")
    if max(width, height) > LARGEST_RATIO * min(width, height):
        raise UnreadableImageError(f"{width}x{height} pixels are too narrow a strip for a face")


@cache
def _known_formats() -> tuple[str, ...]:
    Image.init()
    return tuple(name for name in FORMATS if name in Image.OPEN)


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
