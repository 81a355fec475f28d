"""A file as an array that processes share: whoever is sent it maps the file as well, and gets no copy."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from typing_extensions import Self


class MappedArray(np.ndarray):
    """A whole file as a read-only array; a part or a result of it is an array like any other.

    Pickled, as it is for workers that cannot be forked (macOS, Windows, Python 3.14), it is the name of its file: each
    of them would have a copy of all faces otherwise.
    """

    _file: tuple[Path, tuple[int, ...]] | None

    @classmethod
    def over(cls, numbers: np.ndarray, file: Path) -> Self:
        """Return an array of the same memory.

        Args:
            numbers: A file from beginning to end, mapped.
            file: Path of that file.
        """
        array = numbers.view(cls)
        array.flags.writeable = False
        with suppress(OSError):  # removed meanwhile
            array._file = file.absolute(), _identity(file)
        return array

    def __array_finalize__(self, made_from: np.ndarray | None) -> None:
        """Begin as an array that is not a whole file."""
        self._file = None

    def __reduce__(self) -> Any:
        """Be the name of the file, or the numbers themselves if it was removed or replaced since."""
        with suppress(OSError):
            if self._file and self.size and _identity(self._file[0]) == self._file[1]:
                return _map, (self._file[0], self.dtype.str, self.shape)
        return np.asarray(self).view(np.ndarray).__reduce__()


def _identity(file: Path) -> tuple[int, ...]:
    found = file.stat()
    return found.st_dev, found.st_ino, found.st_size


def _map(file: Path, dtype: str, shape: Sequence[int]) -> MappedArray:
    return MappedArray.over(np.memmap(file, dtype, "r", shape=tuple(shape)), file)
