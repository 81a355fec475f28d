"""CASIA-WebFace, a training set: the tree of its photographs, or InsightFace's faces packed as RecordIO.

The tree is ``CASIA-WebFace/0000045/001.jpg``, a folder a person (Yi et al. 2014: 494,414 photographs of 10,575 people).
InsightFace's ``faces_webface_112x112`` has ``train.rec``, ``train.idx`` and ``property`` (people, height and width of
the faces with commas between); its record 0 names the number of the first record that is not a picture. Its people are
numbered anew from 0, so they cannot be told from the numbers of the tree.
"""

from __future__ import annotations

import io
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from data_prep.archives import stamp_of, unchanged
from data_prep.downloads import open_download
from data_prep.layouts import Layout, Photo
from data_prep.opening import check_download
from data_prep.recordio import DamagedRecordError, Place, Record, RecordFile, open_records, read_record
from data_prep.sources import Item, Source, Unused
from fdemd.errors import InputError
from fdemd.faces.reading import UnreadableImageError, open_image
from fdemd.files.user_paths import check_file

_SPLIT = "train"
_PACKED_SIZE, _PACKED_TEMPLATE = (112, 112), "insightface"
_SUMMARY = 0
"""Id of the record that sums up the others."""


def _tree(path: str) -> Photo | None:
    if not (match := re.fullmatch(r"(?:.*/)?((\d{7})/[^/]+)\.\w+", path)):
        return None
    name, person = match.groups()
    return Photo(name, person)


LAYOUT = Layout(_tree, official=(494414, 10575))


@dataclass(frozen=True)
class PackedFaces(Source):
    """Pictures in a RecordIO file; an item's key is the record's :class:`data_prep.recordio.Place`."""

    file: Path = Path()
    stamp: tuple[int, int] = (0, 0)

    def read(self, item: Item) -> bytes:
        """Return the encoded picture, see :meth:`data_prep.sources.Source.read`."""
        place = Place(*map(int, item.key.split()))
        try:
            with unchanged(self.file, self.stamp) as file:
                return read_record(file, place).content
        except (DamagedRecordError, OSError) as error:
            raise UnreadableImageError(str(error)) from error


def open_casia(paths: Sequence[Path], work: Path) -> Source:
    """Open the set, from the records if there are any, from the tree otherwise.

    Args:
        paths: ``train.rec`` or a folder that it lies in, with or without ``train.idx`` and ``property`` beside it, of
            any set that MXNet packed; or archives and folders of the tree.
        work: Folder for archives that must be decompressed.

    Raises:
        InputError: Neither is there, or it cannot be used.
    """
    packed = [file for path in paths for file in _record_files(check_download(path))]
    if len(packed) > 1:
        raise InputError(f"There are several files of records, {packed[0]} and {packed[1]}; give one with --source.")
    if packed:
        return open_packed(packed[0])
    tree = open_download(paths, work, LAYOUT)
    return replace(tree, items=tuple(replace(item, split=_SPLIT) for item in tree.items))


def open_packed(file: Path) -> PackedFaces:
    """Open the pictures of a RecordIO file, one person a label. Damaged records are among the unused, by number.

    Pictures of 112x112 pixels are taken for faces that InsightFace aligned, others for photographs.

    Raises:
        InputError: The file, its index or its ``property`` cannot be read, or there is no picture.
    """
    stamp = stamp_of(check_file(file, "The file of records").stat())
    records = open_records(file)
    items: list[Item] = []
    unused = [_unused(damage) for damage in records.damaged]
    unused += (
        Unused(f"the record at byte {position}", f"{file.stem}.idx does not list it; without that file it is taken too")
        for position in records.unlisted
    )
    pictures = None
    for place, record in records:
        if isinstance(record, DamagedRecordError):
            unused.append(_unused(record))
        elif not record.labels[0].is_integer():
            unused.append(
                Unused(f"record {place.number}", f"its label is {record.labels[0]}, which is nobody's number")
            )
        elif record.content:
            items.append(_item(place, record))
        elif record.id == _SUMMARY:
            pictures = int(record.labels[0]) - 1
    if not items:
        raise InputError(f"None of the {len(records)} records of {file} is a picture; it may be cut short.")
    people = _people(file.with_name("property"))
    return PackedFaces(
        tuple(sorted(items, key=lambda item: item.name)),
        tuple(unused),
        aligned=_PACKED_TEMPLATE if _first_size(records) == _PACKED_SIZE else "",
        official=(pictures, people) if pictures and people else None,
        file=file,
        stamp=stamp,
    )


def _record_files(path: Path) -> list[Path]:
    if path.suffix == ".rec":
        return [path]
    return sorted([*path.glob("*.rec"), *path.glob("*/*.rec")]) if path.is_dir() else []


def _item(place: Place, record: Record) -> Item:
    person = f"{int(record.labels[0]):06d}"
    key = " ".join(map(str, place))
    return Item(f"{person}/{record.number:08d}", person, key, len(record.content), split=_SPLIT)


def _unused(damage: DamagedRecordError) -> Unused:
    return Unused(f"record {damage.number}", damage.reason)


def _first_size(records: RecordFile) -> tuple[int, int] | None:
    """Return the width and height of the first picture that can be opened."""
    for _, record in records:
        if isinstance(record, Record) and record.content:
            try:
                with open_image(io.BytesIO(record.content)) as image:
                    return image.size
            except UnreadableImageError:
                continue
    return None


def _people(file: Path) -> int | None:
    """Return the number of people that the file ``property`` announces; None without it."""
    if not os.path.lexists(file):
        return None
    try:
        people, _, _ = map(int, check_file(file, "The file").read_text(encoding="utf-8").strip().split(","))
    except InputError:
        raise
    except ValueError as error:
        raise InputError(
            f"{file} must hold people,height,width, such as 10572,112,112; remove it if it does not."
        ) from error
    return people
