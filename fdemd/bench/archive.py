"""Photographs as files, or as parts of an archive that is read in place."""

from __future__ import annotations

import tarfile
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

import numpy as np

from fdemd.errors import InputError
from fdemd.faces.reading import read_image
from fdemd.files.user_paths import check_file


class Photo(NamedTuple):
    """A photograph: a file, or a part of an archive without compression.

    Attributes:
        path: The file or archive.
        name: Name of the photograph.
        start: Where its bytes begin.
        size: Number of its bytes; -1 if they go to the end of the file.
    """

    path: Path
    name: str
    start: int = 0
    size: int = -1

    def content(self) -> bytes:
        """Return the bytes of its file."""
        with self.path.open("rb") as file:
            file.seek(self.start)
            return file.read(self.size)

    def read(self) -> np.ndarray:
        """Return the picture ``(H, W, 3)``, uint8 RGB."""
        return read_image(BytesIO(self.content()))


def photographs_in(archive: Path) -> list[Photo]:
    """Return the photographs of an archive of LFW, in its order.

    Args:
        archive: Tar file without compression.

    Raises:
        InputError: It is missing, no such archive, or has no photographs.
    """
    archive = check_file(archive, "The archive", "give the tar of LFW with --lfw")
    try:
        with tarfile.open(archive, "r:") as members:
            inside = [
                Photo(archive, member.name, member.offset_data, member.size)
                for member in members
                if member.name.endswith(".jpg")
            ]
    except tarfile.TarError as error:
        raise InputError(
            f"{archive} is no tar archive without compression ({error}); give the tar of LFW with --lfw."
        ) from error
    if not inside:
        raise InputError(f"{archive} holds no photographs (.jpg); give the tar of LFW with --lfw.")
    return inside
