"""A data set as it was downloaded: which photographs it has, of whom, and their bytes.

A set joins ``python -m data_prep NAME`` as an entry of :data:`data_prep.sets.SETS`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple


class Unused(NamedTuple):
    """A file or record that gives no face.

    Attributes:
        name: Its name in the download.
        reason: Why, in words.
    """

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Item:
    """A photograph of a set.

    Attributes:
        name: Relative path without ending, with forward slashes, unique in the set; the face becomes
            ``faces/NAME.png`` and the order of names is the order of the manifest.
        identity: Name of the person.
        key: What the source finds the bytes by, such as the member of an archive or the number of a record.
        size: Size of the encoded picture in bytes; a changed size reveals a replaced file.
        split: Free text, such as ``train``.
        source: Name of the photograph of the gallery's set that this one was made from; empty for an original.
        is_query: Whether it may be a query.
        is_gallery: Whether it belongs to the gallery.
        file: Path of the photograph in the download, with its ending; empty where there is none but ``name``.
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
        """Its name for the person who downloaded it."""
        return self.file or self.name


@dataclass(frozen=True)
class Source(ABC):
    """A downloaded set. Sources are sent to worker processes: they must be picklable and open their files late.

    Attributes:
        items: Photographs, sorted by name.
        unused: Files that are no photographs of the set, or cannot be read.
        aligned: Name of the template that the pictures already follow; empty for photographs.
        lists: File name -> content of the official lists (pairs, folds), which are copied as they are.
        official: Number of images and of people by the publication of the set; None if it has no fixed numbers.
    """

    items: tuple[Item, ...]
    unused: tuple[Unused, ...] = ()
    aligned: str = ""
    lists: Mapping[str, bytes] = field(default_factory=dict)
    official: tuple[int, int] | None = None

    @abstractmethod
    def read(self, item: Item) -> bytes:
        """Return the encoded picture (JPEG, PNG, ...) of an item.

        Raises:
            UnreadableImageError: The bytes are missing or damaged; the item is listed as unused, the rest goes on.
        """
