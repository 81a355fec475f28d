"""Every kind of cover changes the pixels that its truth names, and hardly any other."""

import numpy as np
import pytest

from fdemd.cli.command_line import plan
from fdemd.faces.alignment import AlignedFace
from fdemd.visibility.conditions import CONDITIONS
from fdemd.visibility.covers.draw import COVERS, QUERY_COVERS, cover_between, draw_cover
from tests.faces.occlusion.made_faces import CHIP, landmarks_of

_WHOLE_FACE = {"crop": "cut", "rotate": "turned", "blur": "blurred"}
_PAINTED = sorted(set(COVERS) - set(_WHOLE_FACE) - {"clean", "light"})


def face(grey: bool = False) -> AlignedFace:
    """A face of one smooth colour, so that everything that is drawn on it shows."""
    across = np.linspace(120, 200, CHIP)
    image = np.repeat(across[None, :, None], CHIP, axis=0) * ([1, 1, 1] if grey else [1, 0.8, 0.7])
    return AlignedFace(image.astype(np.uint8), landmarks_of().astype(np.float32))


@pytest.mark.parametrize("kind", sorted(COVERS))
def test_a_cover_is_repeated_by_its_seed_and_leaves_the_face_alone(kind: str) -> None:
    clean = face()
    before = clean.image.copy()
    one, again = (draw_cover(kind, clean, np.random.default_rng(3)) for _ in range(2))
    assert np.array_equal(one.face.image, again.face.image)
    assert np.array_equal(one.covered, again.covered)
    assert np.array_equal(clean.image, before)
    assert one.face.image.shape == before.shape
    assert one.face.image.dtype == np.uint8
    assert one.covered.shape == before.shape[:2]
    assert one.condition in CONDITIONS


@pytest.mark.parametrize("kind", _PAINTED)
def test_what_is_painted_lies_where_the_truth_says(kind: str) -> None:
    clean = face()
    shares = []
    for seed in range(8):
        drawn = draw_cover(kind, clean, np.random.default_rng(seed))
        changed = np.abs(drawn.face.image.astype(int) - clean.image).max(2) > 40  # soft edges and shadows are less
        assert (changed & ~drawn.covered).mean() < 0.04
        shares.append(drawn.covered.mean())
    assert max(shares) > 0.05


@pytest.mark.parametrize(("kind", "condition"), [("mask", "below"), ("sunglass", "above"), ("scarf", "below")])
def test_kinds_that_always_cover_the_same_part(kind: str, condition: str) -> None:
    found = [draw_cover(kind, face(), np.random.default_rng(seed)).condition for seed in range(10)]
    assert found.count(condition) >= 9


def test_what_was_drawn_is_known_from_the_pixels_that_changed() -> None:
    drawn = draw_cover("mask", face(), np.random.default_rng(0))
    again = cover_between(face(), drawn.face)
    assert np.array_equal(again.covered, drawn.covered)
    assert again.condition == drawn.condition == "below"
    assert not cover_between(face(), face()).covered.any()


@pytest.mark.parametrize(("kind", "condition"), _WHOLE_FACE.items())
def test_kinds_that_change_the_whole_face_cover_at_most_its_corners(kind: str, condition: str) -> None:
    drawn = draw_cover(kind, face(), np.random.default_rng(0))
    assert drawn.condition == condition
    assert not drawn.covered[CHIP // 4 : -CHIP // 4, CHIP // 4 : -CHIP // 4].any()


@pytest.mark.parametrize("kind", sorted(set(COVERS) - {"clean"}))
def test_a_grey_picture_stays_grey(kind: str) -> None:
    image = draw_cover(kind, face(grey=True), np.random.default_rng(1)).face.image
    assert (image.max(2) == image.min(2)).all()


def test_light_covers_nothing() -> None:
    drawn = draw_cover("light", face(), np.random.default_rng(0))
    assert drawn.condition == "clean"
    assert not drawn.covered.any()
    assert not np.array_equal(drawn.face.image, face().image)


def test_kinds_of_query_are_drawn_as_queries_are() -> None:
    (point,) = plan("evaluate", [f"query=[{','.join(QUERY_COVERS)}]"])
    assert dict(QUERY_COVERS) == dict(point.settings.query)


def test_landmarks_go_with_a_face_that_is_cut_or_turned() -> None:
    for kind in ("crop", "rotate"):
        drawn = draw_cover(kind, face(), np.random.default_rng(2))
        assert not np.allclose(drawn.face.landmarks, face().landmarks)
