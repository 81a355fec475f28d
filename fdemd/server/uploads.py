"""Photographs as they arrive: how large, how many, and what they are called, before anything is decoded."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import UploadFile
from PIL import Image

from fdemd.errors import InputError
from fdemd.faces.reading import UnreadableImageError, open_image
from fdemd.files.text import to_printable
from fdemd.server.limits import Limits
from fdemd.server.problems import Problem

_NAME_LENGTH = 100
_ORIENTATION, _ON_A_SIDE = 0x0112, (5, 6, 7, 8)


@dataclass(frozen=True)
class Upload:
    """A photograph that arrived.

    Attributes:
        name: What it was called by whoever sent it, fit to be told.
        content: Its bytes.
        width: In pixels, once it is upright.
        height: Likewise.
    """

    name: str
    content: bytes
    width: int
    height: int


def read_upload(file: UploadFile, limits: Limits) -> Upload:
    """Take a photograph.

    Raises:
        InputError: It is no image.
        Problem: It has too many pixels.
    """
    name, content = name_of(file), file.file.read()
    try:
        with open_image(io.BytesIO(content)) as image:
            width, height = image.size
            if width * height > limits.pixels:
                raise Problem(
                    413, f"The photograph {name} has {width}x{height} pixels; {limits.pixels:,} are the most."
                )
            if _lies(image):
                width, height = height, width
    except UnreadableImageError as error:
        raise InputError(f"The photograph {name} cannot be read: {error}.") from error
    return Upload(name, content, width, height)


def check_number(files: Sequence[UploadFile], limits: Limits) -> None:
    """Check that there are not too many photographs.

    Raises:
        Problem: There are.
    """
    if len(files) > limits.photographs:
        raise Problem(413, f"The request has {len(files)} photographs; {limits.photographs} are the most.")


def name_of(file: UploadFile) -> str:
    """Return what a file is called, fit to be told."""
    return to_printable((file.filename or "photograph")[:_NAME_LENGTH])


def _lies(image: Image.Image) -> bool:
    try:
        return image.getexif().get(_ORIENTATION) in _ON_A_SIDE
    except Exception:  # Pillow raises many kinds on broken EXIF blocks; the pixels are then taken as they are
        return False
