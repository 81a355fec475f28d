"""The same picture more than once in a manifest, whatever its files are called and however they are compressed."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from fdemd.data.aligned import AlignedFaces
from fdemd.data.manifest import Manifest
from fdemd.files.text import to_printable

_SHOWN = 3
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Twins:
    """Photographs that are one picture, found by their aligned faces.

    Attributes:
        copies: Row -> row of the first photograph of the same person that is the same picture.
        strangers: Row -> row of the first photograph that is the same picture, but of another person: one of the two
            names is wrong.
    """

    copies: dict[int, int]
    strangers: dict[int, int]


def find_twins(manifest: Manifest, faces: AlignedFaces) -> Twins:
    """Find photographs that are one picture: equal bytes, or equal pixels in another file.

    Equal pictures have equal aligned faces and landmarks. Landmarks are compared first, which reads no face twice.

    Args:
        manifest: The photographs.
        faces: Their aligned faces.
    """
    photographs, copies, strangers = manifest.photographs, dict[int, int](), dict[int, int]()
    for group in _same_pictures(faces):
        first_of: dict[str, int] = {}
        for row in group:
            first = first_of.setdefault(photographs[row].identity, row)
            if first != row:
                copies[row] = first
            elif row != group[0]:
                strangers[row] = group[0]
    return Twins(copies, strangers)


def with_shared_sources(manifest: Manifest, twins: Twins) -> Manifest:
    """Return the manifest in which the same picture of one person, and all that was made from it, has one source.

    Args:
        manifest: The photographs.
        twins: Which of them are one picture.
    """
    if not twins.copies:
        return manifest
    photographs = manifest.photographs
    first: dict[str, str] = {}  # source -> another of the same pictures
    for row, original in sorted(twins.copies.items()):
        one, other = (_end(first, photographs[number].source) for number in (row, original))
        if one != other:
            first[one] = other
    return replace(manifest, photographs=tuple(replace(row, source=_end(first, row.source)) for row in photographs))


def warn_of_twins(manifest: Manifest, twins: Twins) -> None:
    """Log how many photographs are there more than once, and who has the same picture as another person.

    Args:
        manifest: The photographs.
        twins: Which of them are one picture.
    """
    paths = [to_printable(photograph.path) for photograph in manifest.photographs]
    if twins.copies:
        _log.warning(
            "%s: %d photographs are the same picture as another of the person (%s); without twins, neither finds the "
            "other.",
            manifest.root,
            len(twins.copies),
            _listed(paths, twins.copies),
        )
    if twins.strangers:
        _log.warning(
            "%s: %d photographs are the same picture as one of another person (%s); one of the two is called by a "
            "wrong name.",
            manifest.root,
            len(twins.strangers),
            _listed(paths, twins.strangers),
        )


def _same_pictures(faces: AlignedFaces) -> list[list[int]]:
    """Rows of equal pictures, two or more each."""
    without = {entry.row for entry in faces.left_out}
    rows = [row for row in range(len(faces.landmarks)) if row not in without]
    alike = _groups(rows, [faces.landmarks[row].tobytes() for row in rows])
    return [same for group in alike for same in _groups(group, [faces.images[row].tobytes() for row in group])]


def _groups(rows: Sequence[int], contents: Collection[bytes]) -> list[list[int]]:
    """Rows of equal content, two or more each."""
    found: dict[bytes, list[int]] = defaultdict(list)
    for row, content in zip(rows, contents, strict=True):
        found[content].append(row)
    return [group for group in found.values() if len(group) > 1]


def _end(following: dict[str, str], source: str) -> str:
    while source in following:
        source = following[source]
    return source


def _listed(paths: Sequence[str], pairs: dict[int, int]) -> str:
    more = len(pairs) - _SHOWN
    listed = ", ".join(f"{paths[row]} = {paths[first]}" for row, first in list(pairs.items())[:_SHOWN])
    return listed + (f" and {more} more" if more > 0 else "")
