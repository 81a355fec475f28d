"""The same photograph twice, as bytes or by its looks."""

import random
from itertools import combinations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_prep import duplicates
from data_prep.duplicates import NEAR, Picture, difference_hash, exact_duplicates, look_alikes, near_duplicates
from fdemd.data.sources import orl_manifest
from fdemd.faces.reading import read_image


def test_near_duplicates_are_those_of_a_plain_comparison_of_all_pairs() -> None:
    random.seed(1)
    hashes = [random.getrandbits(64) for _ in range(300)]
    for place in range(0, 300, 7):  # neighbours that differ in 0 to 5 bits
        flipped = sum(1 << bit for bit in random.sample(range(64), place % 6))
        hashes.append(hashes[place] ^ flipped)
    plain = [
        (first, second, bits)
        for first in range(len(hashes))
        for second in range(first + 1, len(hashes))
        if (bits := (hashes[first] ^ hashes[second]).bit_count()) <= NEAR
    ]
    assert len(plain) > 20
    assert near_duplicates(hashes).tolist() == [list(pair) for pair in plain]


def test_a_lighter_smaller_recompressed_copy_looks_the_same_and_others_do_not() -> None:
    manifest = orl_manifest()
    images = [read_image(manifest.file(photograph)) for photograph in manifest.photographs[:40]]
    hashes = [difference_hash(image) for image in images]
    small = cv2.resize(images[0], (69, 84), interpolation=cv2.INTER_AREA)
    _, jpeg = cv2.imencode(".jpg", np.clip(small * 1.1, 0, 255).astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, 80])
    copy = difference_hash(cv2.imdecode(jpeg, cv2.IMREAD_COLOR))
    assert (copy ^ hashes[0]).bit_count() <= NEAR
    assert min((other ^ hashes[0]).bit_count() for other in hashes[1:]) > NEAR


def test_exact_duplicates_are_groups_of_names() -> None:
    assert exact_duplicates([("b", "1"), ("c", "2"), ("a", "1"), ("d", "3")]) == [["a", "b"]]
    assert near_duplicates([]).shape == near_duplicates([1]).shape == (0, 3)


def test_pairs_that_look_alike_are_counted_each_with_each_and_listed_beside_the_first() -> None:
    rng = random.Random(2)
    looks = [rng.getrandbits(64) for _ in range(12)]
    looks += [looks[0] ^ 1, looks[0] ^ 6, looks[3] ^ 7]
    pictures = [
        Picture(f"{number:03d}", rng.choice("abc"), f"{look}-{rng.randrange(3)}", look)  # some of a look are one file
        for number, look in enumerate(rng.choice(looks) for _ in range(200))
    ]
    plain = [
        (one, other)
        for place, one in enumerate(pictures)
        for other in pictures[place + 1 :]
        if (one.hash ^ other.hash).bit_count() <= NEAR and one.sha256 != other.sha256
    ]
    found = look_alikes(pictures)
    assert found.pairs == len(plain) > 1000
    assert found.of_different_people == sum(one.identity != other.identity for one, other in plain)
    firsts = {picture.hash: picture for picture in reversed(pictures)}
    files = {picture.sha256: picture for picture in reversed(pictures)}
    beside = [(firsts[picture.hash], picture, 0) for picture in files.values() if picture != firsts[picture.hash]]
    near = [
        (*sorted((firsts[one], firsts[other])), (one ^ other).bit_count())
        for place, one in enumerate(firsts)
        for other in list(firsts)[place + 1 :]
        if (one ^ other).bit_count() <= NEAR
    ]
    assert sorted(found.listed) == sorted([*beside, *near])


def test_fifty_thousand_equal_pictures_cost_no_comparison(monkeypatch: pytest.MonkeyPatch) -> None:
    """A placeholder in place of photographs that are gone; compared each with each they never came to an end."""
    compared = []
    bits = duplicates._bits
    monkeypatch.setattr(duplicates, "_bits", lambda values: compared.append(len(values)) or bits(values))
    placeholder, other = 0x0123456789ABCDEF, 0x0123456789ABCDEE
    pictures = [Picture(f"{number}", f"{number % 7}", f"{number}", placeholder) for number in range(50_000)]
    found = look_alikes([*pictures, Picture("last", "x", "x", other)])
    assert sum(compared) == 1  # the two that differ
    assert found.pairs == 50_000 * 49_999 // 2 + 50_000
    assert len(found.listed) == 50_000


@given(st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=4), st.data())
def test_near_hashes_of_any_clusters_are_found_once_each(centres: list[int], data: st.DataObject) -> None:
    flips = st.lists(st.integers(0, 63), max_size=4)
    changed = data.draw(st.lists(st.tuples(st.sampled_from(centres), flips), max_size=40))
    hashes = list(dict.fromkeys(centre ^ sum({1 << bit for bit in bits}) for centre, bits in changed))
    plain = [
        [first, second, bits]
        for first, second in combinations(range(len(hashes)), 2)
        if (bits := (hashes[first] ^ hashes[second]).bit_count()) <= NEAR
    ]
    assert near_duplicates(hashes).tolist() == plain


@pytest.mark.parametrize("rows", [3, 5])
def test_thousands_of_pictures_with_the_same_border_are_not_compared_each_with_each(
    rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A black bar above and below, as of films: so many of the eight rows of bits are alike."""
    compared = []
    bits = duplicates._bits
    monkeypatch.setattr(duplicates, "_bits", lambda values: compared.append(len(values)) or bits(values))
    rng = np.random.default_rng(3)
    hashes = np.unique(rng.integers(0, 1 << (8 * (8 - rows)), 3000, dtype=np.uint64) << np.uint64(8 * (rows // 2)))
    near_duplicates(hashes.tolist())
    assert sum(compared) < 0.02 * len(hashes) ** 2
