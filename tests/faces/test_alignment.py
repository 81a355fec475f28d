"""Where each alignment puts a face, and that the landmarks go with the picture."""

import re
from pathlib import Path

import cv2
import dlib
import numpy as np
import pytest

from fdemd.data.sources import orl_manifest
from fdemd.errors import InputError
from fdemd.faces.alignment import TEMPLATES, align, five_points, five_points_of_the_paper, similarity_transform
from fdemd.faces.landmarks import FoundFace, find_face
from fdemd.faces.reading import read_image
from tests.faces.occlusion.made_faces import MEAN_FACE

WIDTH, HEIGHT = 400, 300
SIZES = [(name, template.frame) for name, template in TEMPLATES.items()] + [
    ("dlib", (112, 112)),
    ("box_160", (112, 112)),
    ("insightface", (160, 160)),
    ("paper_160", (128, 128)),
]
ARCFACE = np.array([(38.2946, 51.6963), (73.5318, 51.5014), (56.0252, 71.7366), (41.5493, 92.3655), (70.7299, 92.2041)])


def turned(
    points: np.ndarray, degrees: float = 20, scale: float = 1.2, shift: tuple[float, float] = (150, 60)
) -> np.ndarray:
    """The points turned clockwise (in pictures y points down), enlarged, and moved."""
    angle = np.radians(degrees)
    turn = np.array([(np.cos(angle), -np.sin(angle)), (np.sin(angle), np.cos(angle))])
    return scale * points @ turn.T + shift


def found_face(landmarks: np.ndarray, five: np.ndarray | None = None) -> FoundFace:
    return FoundFace(lambda: landmarks, (*landmarks.min(0), *landmarks.max(0)), five, 1)


def photograph_with_a_dot(at: np.ndarray) -> np.ndarray:
    """A white spot of a few pixels on black, placed between pixels."""
    x, y = np.meshgrid(np.arange(WIDTH), np.arange(HEIGHT))
    spot = 255 * np.exp(-((x - at[0]) ** 2 + (y - at[1]) ** 2) / 8)
    return np.repeat(spot[..., None], 3, axis=2).round().astype(np.uint8)


def centre_of_brightness(image: np.ndarray) -> np.ndarray:
    weight = image[..., 0].astype(float)
    y, x = np.indices(weight.shape)
    return np.array([(weight * x).sum(), (weight * y).sum()]) / weight.sum()


def test_similarity_transform_is_the_least_squares_solution() -> None:
    rng = np.random.default_rng(0)
    points, targets = rng.normal(size=(2, 5, 2)) * 30 + 100

    found = similarity_transform(points, targets)

    # The same as linear equations in (a, b, shift x, shift y) for the matrix ((a, -b), (b, a)).
    x, y, one, zero = points[:, 0], points[:, 1], np.ones(5), np.zeros(5)
    equations = np.concatenate([np.stack([x, -y, one, zero], axis=1), np.stack([y, x, zero, one], axis=1)])
    a, b, across, down = np.linalg.lstsq(equations, targets.T.ravel(), rcond=None)[0]
    np.testing.assert_allclose(found, [(a, -b, across), (b, a, down)], atol=1e-9)


def test_similarity_transform_recovers_a_turn() -> None:
    matrix = similarity_transform(ARCFACE, turned(ARCFACE))

    np.testing.assert_allclose(ARCFACE @ matrix[:, :2].T + matrix[:, 2], turned(ARCFACE))


def test_five_points_are_eyes_nose_and_corners_of_the_mouth() -> None:
    expected = [(46.667, 46.5), (100.333, 46.667), (73, 75), (49, 103), (98, 103)]
    np.testing.assert_allclose(five_points(MEAN_FACE), expected, atol=1e-3)


def test_the_papers_five_points_are_cut_to_pixels_and_take_the_inner_lips() -> None:
    np.testing.assert_allclose(
        five_points_of_the_paper(MEAN_FACE), [(46, 46), (100, 46), (73, 75), (53, 103), (94, 103)]
    )


@pytest.mark.parametrize(("template", "size"), SIZES)
@pytest.mark.parametrize("landmark", [8, 30, 45, 48])
@pytest.mark.parametrize("five", [None, ARCFACE], ids=["68 points", "and five"])
def test_the_landmarks_go_with_the_picture(
    template: str, size: tuple[int, int], landmark: int, five: np.ndarray | None
) -> None:
    landmarks = turned(MEAN_FACE).round()
    found = found_face(landmarks, None if five is None else turned(five, scale=1.7, shift=(140, 50)))

    face = align(photograph_with_a_dot(landmarks[landmark]), found, template, size)

    assert face.image.shape == (*size, 3)
    assert face.landmarks.shape == (68, 2)
    inside = (face.landmarks[landmark] > 5).all() and (face.landmarks[landmark] < np.array(size[::-1]) - 6).all()
    if inside:  # the chin is below some of the frames
        np.testing.assert_allclose(face.landmarks[landmark], centre_of_brightness(face.image), atol=0.35)


@pytest.mark.parametrize(
    ("template", "size", "targets"),
    [
        ("insightface", (112, 112), ARCFACE),
        ("insightface", (224, 224), 2 * ARCFACE),
        ("insightface_112x96", (112, 96), ARCFACE - (8, 0)),
        ("paper_112x96", (112, 96), ARCFACE - (8, 0)),
    ],
)
def test_five_points_of_a_face_like_the_template_lie_on_it(
    template: str, size: tuple[int, int], targets: np.ndarray
) -> None:
    """The photograph is blank: the 68 landmarks stand in for the dots, so put the five among them."""
    landmarks = turned(MEAN_FACE)
    landmarks[:5] = turned(ARCFACE)

    face = align(np.zeros((HEIGHT, WIDTH, 3), np.uint8), found_face(landmarks, turned(ARCFACE)), template, size)

    np.testing.assert_allclose(face.landmarks[:5], targets, atol=1e-3)


def test_the_papers_frame_is_cut_out_at_160_and_then_resized() -> None:
    image = np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH, 3)).astype(np.uint8)
    found = found_face(turned(MEAN_FACE))

    frame, face = (align(image, found, "paper_160", (side, side)) for side in (160, 128))

    np.testing.assert_array_equal(face.image, cv2.resize(frame.image, (128, 128)))
    np.testing.assert_allclose(face.landmarks, (frame.landmarks + 0.5) * 0.8 - 0.5, atol=1e-4)


def test_the_paper_fits_the_template_to_the_photograph() -> None:
    """The other way round is smaller where the points do not match: least squares shrinks what it cannot explain."""
    found = found_face(turned(MEAN_FACE))
    sizes = {
        template: np.ptp(align(np.zeros((9, 9, 3), np.uint8), found, template, (112, 96)).landmarks[:, 1])
        for template in ("paper_112x96", "insightface_112x96")
    }
    assert sizes["paper_112x96"] > sizes["insightface_112x96"]


def test_outside_the_photograph_is_black() -> None:
    white = np.full((HEIGHT, WIDTH, 3), 255, np.uint8)

    face = align(white, found_face(turned(MEAN_FACE, degrees=0, shift=(-100, 60))), "insightface", (112, 112)).image

    assert face[56, 0].tolist() == [0, 0, 0]
    assert face[56, 111].tolist() == [255, 255, 255]


def test_the_box_is_squared_around_its_centre_with_a_margin_of_14_in_160() -> None:
    box = (100.0, 50.0, 180.0, 150.0)  # 80 x 100: a square of 100, which takes 146 of 160 pixels
    landmarks = np.tile([(140.0, 100.0), (90.0, 150.0)], (34, 1))
    found = FoundFace(lambda: landmarks, box, turned(ARCFACE), 1)

    face = align(np.zeros((HEIGHT, WIDTH, 3), np.uint8), found, "box_160", (160, 160))

    np.testing.assert_allclose(face.landmarks[:2], [(80, 80), (7, 153)], atol=1e-4)


def test_the_dlib_chip_is_dlibs_own() -> None:
    image = np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH, 3)).astype(np.uint8)
    landmarks = turned(MEAN_FACE).round()
    shape = dlib.full_object_detection(dlib.rectangle(0, 0, 99, 99), [dlib.point(int(x), int(y)) for x, y in landmarks])

    face = align(image, found_face(landmarks), "dlib", (150, 150))

    np.testing.assert_array_equal(face.image, dlib.get_face_chip(image, shape, 150, 0.25))


def test_an_unknown_alignment_is_refused() -> None:
    with pytest.raises(InputError, match=r"Unknown alignment 'insigthface' \(did you mean insightface\?\)"):
        align(np.zeros((9, 9, 3), np.uint8), found_face(MEAN_FACE), "insigthface", (112, 112))


@pytest.mark.parametrize(
    ("template", "size"), [("insightface", (112, 96)), ("paper_112x96", (112, 112)), ("dlib", (99, 98))]
)
def test_other_proportions_are_refused(template: str, size: tuple[int, int]) -> None:
    refusal = f"Alignment {template} gives faces of .* but the network takes {size[0]}x{size[1]}"
    with pytest.raises(InputError, match=refusal):
        align(np.zeros((9, 9, 3), np.uint8), found_face(MEAN_FACE), template, size)


@pytest.mark.parametrize("template", TEMPLATES)
def test_every_template_says_where_its_five_points_lie(template: str) -> None:
    """Of ten real faces, aligned: eyes, nose and mouth lie within 6 % of the height of where the template has them."""
    every = orl_manifest()
    frame, points = TEMPLATES[template].frame, TEMPLATES[template].points
    found = []
    for photograph in every.photographs[::40]:
        image = read_image(every.file(photograph))
        face = find_face(image, "dlib")
        assert face is not None
        found.append(five_points(align(image, face, template, frame).landmarks))
    assert np.abs(np.median(found, axis=0) - points).max() < 0.06 * frame[0]


@pytest.mark.checkout
def test_the_page_of_cards_lists_every_alignment() -> None:
    page = Path(__file__).resolve().parents[2] / "docs/cards.md"
    table = page.read_text(encoding="utf-8").partition("## Alignments")[2].partition("\n## ")[0]
    named = {name for row in re.findall(r"^\| (.*?) \|", table, re.MULTILINE) for name in re.findall(r"`(\w+)`", row)}
    assert named == {"alignment", *TEMPLATES}
