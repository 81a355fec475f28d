"""A data set as it was downloaded: which photographs it has, of whom, and their bytes.

A set joins ``python -m data_prep NAME`` as an entry of :data:`data_prep.sets.SETS`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple


class Unused(NamedTuple):
    """A file or record that gives no face: its name in the download and why, in words."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Item:
    """One photograph of a set.

    Attributes:
        name: relative path without ending, forward slashes, no name twice in a set; the face becomes
            ``faces/NAME.png`` and the order of names is the order of the manifest.
        identity: the person's name.
        key: by which the source finds the bytes, such as the member of an archive or the number of a record.
        size: bytes of the encoded picture; a changed size tells a replaced file.
        split: free text, such as ``train``.
        source: name of the photograph of the gallery's set that this one was made from; empty for an original.
        is_query: may be looked for.
        is_gallery: may be found.
        file: path of the photograph in the download, with its ending; empty where there is none but ``name``.
    """

    name: str
    identity: str
    key: str
    size: int
    split: str = ""
    source: str = ""
    is_query: bool = True
    is_gallery: bool = True
    file: str = ""

    @property
    def shown(self) -> str:
        """What the person who downloaded it knows it by."""
        return self.file or self.name


@dataclass(frozen=True)
class Source(ABC):
    """A downloaded set. Sources are sent to worker processes: they must be picklable and open their files late.

    Attributes:
        items: sorted by name.
        unused: files that are no photographs of the set, or cannot be read.
        aligned: name of the template that the pictures already follow; empty for photographs.
        lists: file name -> content of the official lists (pairs, folds), which are copied as they are.
        official: (images, people) that the set has by its publication; None if it has no fixed numbers.
    """

    items: tuple[Item, ...]
    unused: tuple[Unused, ...] = ()
    aligned: str = ""
    lists: Mapping[str, bytes] = field(default_factory=dict)
    official: tuple[int, int] | None = None

    @abstractmethod
    def read(self, item: Item) -> bytes:
        """The encoded picture (JPEG, PNG, ...).

        Raises:
            UnreadableImageError: the bytes are not there or damaged; the item is listed as unused, the rest goes on.
        """
