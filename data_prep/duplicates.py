"""Photographs that are in a set more than once: the same bytes, or nearly the same picture."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
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
_BANDS = NEAR + 1  # two hashes that differ in NEAR bits agree in at least one of NEAR + 1 bands


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
    members = list(groups.values())
    for first, second, bits in near_duplicates(list(groups)):
        one, other = members[first], members[second]
        found.append((one[0], other[0], bits))
        people, others = (Counter(pictures[position].identity for position in group) for group in (one, other))
        pairs += len(one) * len(other)
        of_one += sum(count * others[identity] for identity, count in people.items())
    return LookAlikes(
        pairs, pairs - of_one, [LookAlike(pictures[one], pictures[other], bits) for one, other, bits in sorted(found)]
    )


def near_duplicates(hashes: Sequence[int]) -> list[tuple[int, int, int]]:
    """Return all pairs of positions whose hashes differ in at most :data:`NEAR` bits: (first, second, bits), sorted.

    Only hashes that agree in one of four 16-bit bands are compared, which misses no pair.

    Args:
        hashes: Distinct hashes; equal ones would be compared each with each.
    """
    values = np.array(hashes, dtype=np.uint64)
    pairs: dict[tuple[int, int], int] = {}
    for band in range(_BANDS):
        keys = (values >> np.uint64(16 * band)) & np.uint64(0xFFFF)
        order = np.argsort(keys, kind="stable")
        keys, ordered = keys[order], values[order]
        first, step = np.arange(len(values) - 1), 1
        while (first := first[keys[first] == keys[first + step]]).size:
            bits = _differing_bits(ordered[first], ordered[first + step])
            for place in np.flatnonzero(bits <= NEAR):
                pair = order[first[place]], order[first[place] + step]
                pairs[int(min(pair)), int(max(pair))] = int(bits[place])
            step += 1
            first = first[first + step < len(values)]
    return sorted((*pair, bits) for pair, bits in pairs.items())


def _differing_bits(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    return np.unpackbits((first ^ second).view(np.uint8).reshape(-1, 8), axis=1).sum(1)


def _first_of_each(pictures: Sequence[Picture], group: Sequence[int]) -> list[int]:
    """Return the positions of a group, one a file, without the first."""
    files = {pictures[position].sha256: position for position in reversed(group)}
    return sorted(files.values())[1:]


def _pairs(keys: Iterable[Hashable]) -> int:
    """Return the number of pairs of equal keys."""
    return sum(count * (count - 1) // 2 for count in Counter(keys).values())
