"""The same photograph twice, as bytes or by its looks."""

import random

import cv2
import numpy as np

from data_prep.duplicates import NEAR, difference_hash, exact_duplicates, near_duplicates
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
