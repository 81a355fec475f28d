"""The same photograph twice, as bytes or by its looks."""

import random

import cv2
import numpy as np
import pytest

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
    assert near_duplicates(hashes) == plain


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
    assert near_duplicates([]) == []


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
    differing_bits = duplicates._differing_bits
    monkeypatch.setattr(
        duplicates, "_differing_bits", lambda one, other: compared.append(len(one)) or differing_bits(one, other)
    )
    placeholder, other = 0x0123456789ABCDEF, 0x0123456789ABCDEE
    pictures = [Picture(f"{number}", f"{number % 7}", f"{number}", placeholder) for number in range(50_000)]
    found = look_alikes([*pictures, Picture("last", "x", "x", other)])
    assert sum(compared) <= 4  # the two that differ, in each of the bands that they share
    assert found.pairs == 50_000 * 49_999 // 2 + 50_000
    assert len(found.listed) == 50_000
