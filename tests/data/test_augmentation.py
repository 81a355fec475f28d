"""Training faces: changed at random, the same for the same visit."""

import numpy as np
import pytest

from fdemd.data.augmentation import Augmentation
from fdemd.data.sources import orl_manifest
from fdemd.faces.alignment import AlignedFace, align
from fdemd.faces.landmarks import find_face
from fdemd.faces.reading import read_image
from fdemd.settings.faces import Augment

SIZE = (150, 150)


@pytest.fixture(scope="module")
def face() -> AlignedFace:
    manifest = orl_manifest()
    image = read_image(manifest.file(manifest.photographs[0]))
    found = find_face(image, "dlib")
    assert found
    return align(image, found, "dlib", SIZE)


def augmentation(seed: int = 0, **settings: float) -> Augmentation:
    mask_share = settings.pop("mask_share", 0.0)
    section = Augment(mask_kinds=["surgical"], **{"flip": 0.0, "crop": 0.0} | settings)
    return Augmentation(SIZE, seed, mask_share=mask_share, section=section)


def test_nothing_is_changed_if_nothing_is_asked_for(face: AlignedFace) -> None:
    assert np.array_equal(augmentation()(face, 0, "a"), face.image)


def test_a_certain_flip_is_the_mirror_image(face: AlignedFace) -> None:
    assert np.array_equal(augmentation(flip=1.0)(face, 0, "a"), face.image[:, ::-1])


def test_a_certain_mask_covers_the_mouth_and_not_the_eyes(face: AlignedFace) -> None:
    masked = augmentation(mask_share=1.0)(face, 0, "a")
    changed = (masked != face.image).any(-1)
    (mouth_x, mouth_y), (eye_x, eye_y) = (face.landmarks[part].mean(0).astype(int) for part in ([51, 57], [36, 39]))
    assert changed[mouth_y, mouth_x]
    assert not changed[eye_y, eye_x]


def test_the_share_of_masks_is_kept(face: AlignedFace) -> None:
    change = augmentation(mask_share=0.3)
    masked = sum(not np.array_equal(change(face, visit, "a"), face.image) for visit in range(200))
    assert 40 <= masked <= 80


def test_a_crop_keeps_the_size(face: AlignedFace) -> None:
    cropped = augmentation(crop=0.3)(face, 0, "a")
    assert cropped.shape == face.image.shape
    assert not np.array_equal(cropped, face.image)


def test_one_visit_always_gives_one_picture_and_two_visits_two(face: AlignedFace) -> None:
    settings = {"mask_share": 0.5, "flip": 0.5, "crop": 0.2}
    pictures = {visit: augmentation(**settings)(face, visit, "a") for visit in range(4)}
    again = augmentation(**settings)
    for visit in reversed(pictures):
        assert np.array_equal(again(face, visit, "a"), pictures[visit])
    assert not np.array_equal(pictures[0], pictures[1])
    assert not np.array_equal(augmentation(seed=1, **settings)(face, 0, "a"), pictures[0])
    assert not np.array_equal(again(face, 0, "b"), pictures[0])
