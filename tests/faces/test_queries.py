"""Queries are functions of the photograph, the kind and the seed alone, and are what their names say."""

import numpy as np
import pytest

from data_prep.query_kinds import default_settings
from fdemd.errors import InputError
from fdemd.faces.alignment import AlignedFace
from fdemd.faces.queries import QUERY_KINDS, QueryMaker
from fdemd.settings.queries import BlurQuery, check_queries

SETTINGS = {kind: default_settings(kind) for kind in QUERY_KINDS}


@pytest.fixture(scope="module")
def face() -> AlignedFace:
    """A textured square with landmarks where a frontal face has them."""
    y, x = np.mgrid[0:150, 0:150]
    image = np.stack([x + 50, y + 50, (x * y) % 200], axis=2).astype(np.uint8)
    angle = np.linspace(np.pi, 0, 17)
    jaw = np.stack([75 + 55 * np.cos(angle), 70 + 65 * np.sin(angle)], axis=1)
    brows = [(35 + 7 * i, 48) for i in range(5)] + [(87 + 7 * i, 48) for i in range(5)]
    nose = [(75, 60 + 8 * i) for i in range(4)] + [(65 + 5 * i, 90) for i in range(5)]
    eye = [(-9, 0), (-4, -4), (4, -4), (9, 0), (4, 4), (-4, 4)]
    eyes = [(50 + dx, 62 + dy) for dx, dy in eye] + [(100 + dx, 62 + dy) for dx, dy in eye]
    mouth = [(75 + 18 * np.cos(t), 108 + 7 * np.sin(t)) for t in np.linspace(-np.pi, np.pi, 20, endpoint=False)]
    return AlignedFace(image, np.array([*jaw, *brows, *nose, *eyes, *mouth], dtype=np.float32))


def maker(kind: str, seed: int = 0) -> QueryMaker:
    return QueryMaker(kind, (150, 150), seed, check_queries(SETTINGS)[kind])


@pytest.mark.parametrize("kind", QUERY_KINDS)
def test_the_same_photograph_always_gives_the_same_query(kind: str, face: AlignedFace) -> None:
    first, again = maker(kind), maker(kind)
    expected = first(face, "a.jpg")
    again(face, "b.jpg")  # what was made before does not matter
    found = again(face, "a.jpg")
    np.testing.assert_array_equal(found.image, expected.image)
    np.testing.assert_array_equal(found.landmarks, expected.landmarks)


@pytest.mark.parametrize("kind", ["mask", "sunglass", "crop", "rotate", "blur"])  # those drawn at random
def test_photographs_and_seeds_differ(kind: str, face: AlignedFace) -> None:
    one, other, seeded = maker(kind)(face, "a.jpg"), maker(kind)(face, "b.jpg"), maker(kind, seed=1)(face, "a.jpg")
    assert not np.array_equal(one.image, other.image)
    assert not np.array_equal(one.image, seeded.image)


def test_clean_is_the_photograph_itself(face: AlignedFace) -> None:
    made = maker("clean")(face, "a.jpg")
    np.testing.assert_array_equal(made.image, face.image)
    np.testing.assert_allclose(made.landmarks, face.landmarks)


def test_a_crop_enlarges_70_percent_of_the_side(face: AlignedFace) -> None:
    made = maker("crop")(face, "a.jpg")
    assert made.image.shape == face.image.shape
    spread = np.ptp(made.landmarks, axis=0) / np.ptp(face.landmarks, axis=0)
    np.testing.assert_allclose(spread, 150 / int(0.7 * 150), rtol=0.02)


def test_a_turn_is_by_15_to_45_degrees_either_way(face: AlignedFace) -> None:
    angles = []
    for number in range(40):
        left, right = maker("rotate")(face, f"{number}.jpg").landmarks[[36, 45]]
        angles.append(np.degrees(np.arctan2(*(right - left)[::-1])))
    assert np.abs(angles).min() > 14
    assert np.abs(angles).max() < 46
    assert min(angles) < 0 < max(angles)


def test_a_blur_takes_away_detail_and_more_of_it_takes_more(face: AlignedFace) -> None:
    def detail(image: np.ndarray) -> float:
        return float(np.abs(np.diff(image.astype(int), axis=1)).mean())

    weak, strong = (
        QueryMaker("blur", (150, 150), 0, BlurQuery(sigma=[share, share]))(face, "a.jpg") for share in (0.01, 0.03)
    )
    assert detail(strong.image) < detail(weak.image) < detail(face.image)


@pytest.mark.parametrize("kind", ["mask", "sunglass", "blur"])
def test_an_occlusion_leaves_the_landmarks(kind: str, face: AlignedFace) -> None:
    np.testing.assert_allclose(maker(kind)(face, "a.jpg").landmarks, face.landmarks)


def test_what_decides_a_picture_is_part_of_cache_keys() -> None:
    """Features stored by earlier runs are found only as long as these values stay."""
    assert maker("clean", seed=7).identity == {"kind": "clean"}
    assert maker("crop", seed=7).identity == {"kind": "crop", "settings": {"side": 0.7}, "seed": 7}
    assert maker("mask").identity == {
        "kind": "mask",
        "settings": {"kinds": ["surgical", "cloth", "n95", "kn95"]},
        "seed": 0,
    }


def test_an_unknown_kind_lists_the_known() -> None:
    with pytest.raises(InputError, match="Unknown query kind 'no_such_kind'; choose one of blur, clean, crop"):
        QueryMaker("no_such_kind", (150, 150), 0)
