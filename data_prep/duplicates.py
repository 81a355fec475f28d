"""Photographs that are in a set more than once: the same bytes, or nearly the same picture."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

import cv2
import numpy as np

NEAR = 3
"""Bits of 64 in which the hashes of two pictures may differ."""
_BANDS = NEAR + 1  # two hashes that differ in NEAR bits agree in at least one of NEAR + 1 bands


def difference_hash(image: np.ndarray) -> int:
    """64 bits that tell a picture ``(H, W, 3)`` uint8 RGB by the signs of its horizontal differences at 9x8 pixels.

    It stays nearly the same when the picture is scaled, recompressed or made lighter (Krawetz, "Kind of like that",
    hackerfactor.com, 2013).
    """
    small = cv2.resize(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), (9, 8), interpolation=cv2.INTER_AREA).astype(np.int16)
    return int.from_bytes(np.packbits(small[:, 1:] > small[:, :-1]).tobytes(), "big")


def exact_duplicates(digests: Iterable[tuple[str, str]]) -> list[list[str]]:
    """Groups of names with one digest, from ``(name, digest)``; names and groups sorted."""
    groups = defaultdict(list)
    for name, digest in digests:
        groups[digest].append(name)
    return sorted(sorted(names) for names in groups.values() if len(names) > 1)


def near_duplicates(hashes: Sequence[int]) -> list[tuple[int, int, int]]:
    """All pairs of positions whose hashes differ in at most :data:`NEAR` bits: (first, second, bits), sorted.

    Only hashes that agree in one of four 16-bit bands are compared, which misses no pair.
    """
    values = np.array(hashes, dtype=np.uint64)
    pairs: dict[tuple[int, int], int] = {}
    for band in range(_BANDS):
        keys = (values >> np.uint64(16 * band)) & np.uint64(0xFFFF)
        order = np.argsort(keys, kind="stable")
        keys, ordered = keys[order], values[order]
        first, step = np.arange(len(values) - 1), 1
        while (first := first[keys[first] == keys[first + step]]).size:
            differing = (ordered[first] ^ ordered[first + step]).view(np.uint8).reshape(-1, 8)
            bits = np.unpackbits(differing, axis=1).sum(1)
            for place in np.flatnonzero(bits <= NEAR):
                pair = order[first[place]], order[first[place] + step]
                pairs[int(min(pair)), int(max(pair))] = int(bits[place])
            step += 1
            first = first[first + step < len(values)]
    return sorted((*pair, bits) for pair, bits in pairs.items())
