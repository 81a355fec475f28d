"""Very many texts in two arrays, which processes that load share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import overload

import numpy as np


class PackedTexts(Sequence[str]):
    """Texts, such as the paths of a manifest, that a process may look at without a copy of its own.

    A process that is forked off shares the memory of its parent page by page, until one of the two writes. Python
    writes whenever it looks at a string, since strings count who refers to them: after an epoch every worker has copied
    all photographs of the manifest. Arrays do not count.

    Example:
        >>> texts = PackedTexts(["a/1.jpg", "", "b/2.jpg"])
        >>> texts[0], texts[-1], list(texts[:2])
        ('a/1.jpg', 'b/2.jpg', ['a/1.jpg', ''])
    """

    def __init__(self, texts: Iterable[str]) -> None:
        """Take texts, any that Python can hold."""
        encoded = [text.encode("utf-8", "surrogatepass") for text in texts]
        self._bytes = np.frombuffer(b"".join(encoded), np.uint8)
        self._ends = np.cumsum([0, *map(len, encoded)])

    def __len__(self) -> int:
        return len(self._ends) - 1

    @overload
    def __getitem__(self, number: int) -> str: ...
    @overload
    def __getitem__(self, number: slice) -> Sequence[str]: ...
    def __getitem__(self, number: int | slice) -> str | Sequence[str]:
        """Return a text, or several."""
        numbers = range(len(self))[number]
        if isinstance(numbers, range):
            return [self[each] for each in numbers]
        start, end = self._ends[numbers : numbers + 2]
        return self._bytes[start:end].tobytes().decode("utf-8", "surrogatepass")
