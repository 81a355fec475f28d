"""InsightFace's verification packs (``lfw.bin``, ``agedb_30.bin``, ``cfp_fp.bin``, ``calfw.bin``).

A pack is a pickle of two lists: the encoded pictures, two a pair, and whether each pair shows one person
(``recognition/arcface_torch/eval/verification.py``, ``load_bin``). A picture is bytes, or a NumPy array of them as
``cv2.imencode`` gives it; its face is aligned to 112x112 pixels. Nobody is named, so a pack is for verification only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from data_prep.archives import stamp_of, unchanged
from data_prep.pickles import Call, read_pickle
from data_prep.sources import Item, Source
from fdemd.errors import InputError
from fdemd.faces.reading import UnreadableImageError
from fdemd.files.user_paths import check_file

_TEMPLATE, _SPLIT = "insightface", "pairs"
_FOLDS = 10


@dataclass(frozen=True)
class Pack:
    """``P`` pairs of pictures.

    Attributes:
        images: ``2 P`` encoded pictures; ``images[2 i]`` and ``images[2 i + 1]`` are pair ``i``.
        same: For each of the ``P`` pairs, whether both show one person.
    """

    images: tuple[bytes, ...]
    same: tuple[bool, ...]


@dataclass(frozen=True)
class PackedPairs(Source):
    """The pictures of a pack; the key of an item is its index there."""

    file: Path = Path()
    stamp: tuple[int, int] = (0, 0)

    def read(self, item: Item) -> bytes:
        """Return the encoded picture, see :meth:`data_prep.sources.Source.read`."""
        try:
            with unchanged(self.file, self.stamp):
                return _kept_pack(self.file, self.stamp).images[int(item.key)]
        except (InputError, OSError) as error:
            raise UnreadableImageError(f"{self.file.name} has changed: {error}") from error


def open_pack(paths: Sequence[Path], work: Path) -> PackedPairs:
    """Open the pairs of a pack, with their list ``pairs.txt`` in LFW's format.

    Two pictures of one person are called ``pair_0001`` 1 and 2, those of two people ``pair_0301_a`` 1 and
    ``pair_0301_b`` 1. They are neither queries nor gallery: who is the same in two pairs is not known.

    Args:
        paths: The pack, one file.
        work: Not used.

    Raises:
        InputError: There is not one file, it is no pack, or its pairs do not form folds of as many same as different
            ones.
    """
    if len(paths) != 1:
        raise InputError(f"{len(paths)} files are given with --source; packs are prepared one by one.")
    stamp = stamp_of(check_file(paths[0], "The pack", "give it with --source").stat())
    pack = read_pack(paths[0])
    items = [
        Item(f"{person}/{person}_{number:04d}", person, str(key), len(pack.images[key]), _SPLIT, "", False, False)
        for key, (person, number) in enumerate(name for pair in _names(pack.same) for name in pair)
    ]
    lists = {"pairs.txt": _list_of_pairs(pack.same, paths[0]).encode()}
    items.sort(key=lambda item: item.name)
    return PackedPairs(tuple(items), aligned=_TEMPLATE, lists=lists, file=paths[0], stamp=stamp)


def read_pack(path: Path) -> Pack:
    """Read a pack without running anything that it might ask for, see :mod:`data_prep.pickles`.

    Raises:
        InputError: The file cannot be read, is no pack or is not safe.
    """
    match read_pickle(path):
        case (list(images), list(same)):
            pass
        case _:
            raise InputError(f"{path} is not a verification pack, a list of pictures and a list of same or not.")
    if len(images) != 2 * len(same):
        raise InputError(f"{path} has {len(images)} pictures for {len(same)} pairs; a pair has two.")
    for number, value in enumerate(same):
        if value not in (0, 1):
            raise InputError(f"{path}: pair {number} is marked {_shown(value)}; it must be True or False.")
    return Pack(_pictures(images, path), tuple(bool(value) for value in same))


def _pictures(images: Sequence[Any], path: Path) -> tuple[bytes, ...]:
    """Return the encoded pictures. One in several pairs is held once, and all together are no larger than the file.

    A pickle may name one string a million times, and ask for a copy of it each time.
    """
    pictures: dict[int, bytes] = {}
    room = path.stat().st_size
    for number, image in enumerate(images):
        if id(image) not in pictures:
            pictures[id(image)] = _picture(image, f"{path}: picture {number}")
            room -= len(pictures[id(image)])
            if room < 0:
                raise InputError(f"{path} is refused: its pictures would take more bytes than the file itself.")
    return tuple(pictures[id(image)] for image in images)


def _names(same: Sequence[bool]) -> list[tuple[tuple[str, int], tuple[str, int]]]:
    """Return the person and the number of the two pictures of each pair."""
    pairs = [f"pair_{number:04d}" for number in range(1, len(same) + 1)]
    return [
        ((pair, 1), (pair, 2)) if one_person else ((f"{pair}_a", 1), (f"{pair}_b", 1))
        for pair, one_person in zip(pairs, same, strict=True)
    ]


def _list_of_pairs(same: Sequence[bool], path: Path) -> str:
    """Return the pairs as LFW lists them: in each fold the pairs of one person first.

    The folds are consecutive tenths, as in ``verification.py``; a pack that this does not divide is one fold.
    """
    folds = next((folds for folds in (_FOLDS, 1) if _balanced(same, folds)), 0)
    if not folds:
        raise InputError(
            f"{path} has {sum(same)} same and {len(same) - sum(same)} different pairs; need as many of each."
        )
    size, names = len(same) // folds, _names(same)
    lines = [f"{folds}\t{size // 2}"]
    for start in range(0, len(same), size):
        for pair in sorted(range(start, start + size), key=lambda pair: not same[pair]):
            (person, first), (other, second) = names[pair]
            lines.append(f"{person}\t{first}\t" + (f"{second}" if same[pair] else f"{other}\t{second}"))
    return "".join(f"{line}\n" for line in lines)


def _balanced(same: Sequence[bool], folds: int) -> bool:
    """Return whether each fold has as many pairs of one person as of two."""
    size, rest = divmod(len(same), folds)
    return (
        size > 0
        and not rest
        and all(2 * sum(same[start : start + size]) == size for start in range(0, len(same), size))
    )


@lru_cache(maxsize=1)
def _kept_pack(path: Path, stamp: tuple[int, int]) -> Pack:
    """Return a pack, which a process reads once unless the file is replaced."""
    return read_pack(path)


def _picture(value: Any, where: str) -> bytes:
    """Return the encoded picture in a value of the pickle.

    Raises:
        InputError: The value is neither bytes nor an array of them.
    """
    match value:
        case Call((_, "_reconstruct"), (("numpy", "ndarray"), _, _), (_, tuple(shape), element, _, content)):
            return _row(_bytes(content), shape, element, where)
        case Call((_, "_frombuffer"), (content, element, tuple(shape), _)):  # arrays in protocol 5
            return _row(_bytes(content), shape, element, where)
    if (picture := _bytes(value)) is None:
        raise InputError(f"{where} is {_shown(value)}; encoded pictures are bytes or NumPy arrays of them.")
    return picture


def _bytes(value: Any) -> bytes | None:
    match value:
        case bytes() | bytearray():
            return bytes(value)
        case Call(("_codecs", "encode"), (str(text), "latin1")):  # bytes, as Python 3 writes them in protocols 0 to 2
            return text.encode("latin-1", errors="replace")
    return None


def _row(data: bytes | None, shape: tuple[Any, ...], element: Any, where: str) -> bytes:
    """Return the bytes of an array of shape ``(n,)``, ``(n, 1)`` or ``(1, n)``."""
    match element:
        case Call(("numpy", "dtype"), ("u1" | b"u1", *_)) if data and all(extent in (1, len(data)) for extent in shape):
            return data
    raise InputError(f"{where} is an array that is not a row of bytes, so it is no encoded picture.")


def _shown(value: Any) -> str:
    match value:
        case str():
            return repr(value[:40])
        case int() if abs(value) < 1 << 64:
            return repr(value)
    return f"a {type(value).__name__}"
