"""Photographs that are in a set more than once: the same bytes, or nearly the same picture."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import NamedTuple

import cv2
import numpy as np


class Picture(NamedTuple):
    """A photograph of a set.

    Attributes:
        name: Its name.
        identity: The person.
        sha256: SHA-256 of its bytes, hexadecimal.
        hash: Its :func:`difference_hash`.
    """

    name: str
    identity: str
    sha256: str
    hash: int


class LookAlike(NamedTuple):
    """Two photographs that are not the same file, and the number of bits in which their hashes differ."""

    first: Picture
    second: Picture
    bits: int


@dataclass(frozen=True)
class LookAlikes:
    """Photographs that are nearly, but not exactly, the same picture.

    Attributes:
        pairs: Number of pairs, counting each photograph with each.
        of_different_people: Number of these pairs that are of different people.
        listed: Every photograph with the first one of the same hash, and these first ones with each other. A line a
            pair would be half a million for a placeholder that is there a thousand times.
    """

    pairs: int
    of_different_people: int
    listed: list[LookAlike]


NEAR = 3
"""Bits of 64 in which the hashes of two pictures may differ."""
_BANDS = [np.uint64(sum(1 << (8 * row + (row + band) % 8) for row in range(8))) for band in range(8)]
"""Bits of eight bands, which are the diagonals of the 8x8 bits: of a picture with an even border, or half of it empty,
some bits of each band still differ from those of other such pictures."""


def difference_hash(image: np.ndarray) -> int:
    """Return the perceptual hash of a picture ``(H, W, 3)``, uint8 RGB: 64 bits.

    The bits are the signs of the horizontal differences at 9x8 pixels. The hash stays nearly the same when the picture
    is scaled, recompressed or made lighter (Krawetz, "Kind of like that", hackerfactor.com, 2013).
    """
    small = cv2.resize(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), (9, 8), interpolation=cv2.INTER_AREA).astype(np.int16)
    return int.from_bytes(np.packbits(small[:, 1:] > small[:, :-1]).tobytes(), "big")


def exact_duplicates(digests: Iterable[tuple[str, str]]) -> list[list[str]]:
    """Return the groups of names that share a digest, from pairs ``(name, digest)``; names and groups are sorted.

    >>> exact_duplicates([("b", "1"), ("a", "1"), ("c", "2")])
    [['a', 'b']]
    """
    groups = defaultdict(list)
    for name, digest in digests:
        groups[digest].append(name)
    return sorted(sorted(names) for names in groups.values() if len(names) > 1)


def look_alikes(pictures: Sequence[Picture]) -> LookAlikes:
    """Find the photographs that look alike; those with the same hash need not be compared."""
    groups: dict[int, list[int]] = defaultdict(list)
    for position, picture in enumerate(pictures):
        groups[picture.hash].append(position)
    found = [(group[0], position, 0) for group in groups.values() for position in _first_of_each(pictures, group)]
    pairs = _pairs(each.hash for each in pictures) - _pairs((each.hash, each.sha256) for each in pictures)
    of_one = _pairs((each.hash, each.identity) for each in pictures) - _pairs(each[1:] for each in pictures)
    members, people = list(groups.values()), dict[int, Counter[str]]()
    near = near_duplicates(list(groups)).tolist()
    for number in {number for first, second, _ in near for number in (first, second)}:
        people[number] = Counter(pictures[position].identity for position in members[number])
    for first, second, bits in near:
        found.append((members[first][0], members[second][0], bits))
        pairs += len(members[first]) * len(members[second])
        fewer, more = sorted((people[first], people[second]), key=len)
        of_one += sum(count * more[identity] for identity, count in fewer.items())
    return LookAlikes(
        pairs, pairs - of_one, [LookAlike(pictures[one], pictures[other], bits) for one, other, bits in sorted(found)]
    )


def near_duplicates(hashes: Sequence[int]) -> np.ndarray:
    """Return all pairs of positions whose hashes differ in at most :data:`NEAR` bits, ``(P, 3)``: first, second, bits.

    Hashes that differ in three bits differ in three of eight bands at most. Of all hashes, those are compared that
    agree in the five others, for each choice of three: they are few, however large a part of the pictures is alike.

    Args:
        hashes: Distinct hashes; equal ones would be compared each with each.

    Returns:
        Each pair once, sorted.
    """
    values = np.array(hashes, dtype=np.uint64)
    found = [np.zeros((0, 3), np.int64), *(_near_but_for(values, bands) for bands in combinations(range(8), NEAR))]
    pairs = np.concatenate(found)
    return pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]


def _near_but_for(values: np.ndarray, bands: Sequence[int]) -> np.ndarray:
    """Return the pairs that differ in the given bands only, and in no choice of bands that comes before this one."""
    keys = values & ~np.bitwise_or.reduce([_BANDS[band] for band in bands])
    order = np.argsort(keys, kind="stable")
    keys, ordered = keys[order], values[order]
    # Two hashes that agree in one of these bands were found without it before, if there is a smaller one to name.
    differing = [_BANDS[band] for place, band in enumerate(bands) if band != place]
    found = [np.zeros((0, 3), np.int64)]
    first, step = np.arange(len(values) - 1), 1
    while (first := first[keys[first] == keys[first + step]]).size:
        difference = ordered[first] ^ ordered[first + step]
        new = np.ones(len(first), bool)
        for band in differing:
            new &= difference & band != 0
        bits = _bits(difference[new])
        one, bits = first[new][bits <= NEAR], bits[bits <= NEAR]
        pair = np.sort(np.stack([order[one], order[one + step]], axis=1), axis=1)
        found.append(np.column_stack([pair, bits]))
        step += 1
        first = first[first + step < len(values)]
    return np.concatenate(found)


def _bits(values: np.ndarray) -> np.ndarray:
    return np.unpackbits(values.view(np.uint8).reshape(-1, 8), axis=1).sum(1, dtype=np.int64)


def _first_of_each(pictures: Sequence[Picture], group: Sequence[int]) -> list[int]:
    """Return the positions of a group, one a file, without the first."""
    files = {pictures[position].sha256: position for position in reversed(group)}
    return sorted(files.values())[1:]


def _pairs(keys: Iterable[Hashable]) -> int:
    """Return the number of pairs of equal keys."""
    return sum(count * (count - 1) // 2 for count in Counter(keys).values())
