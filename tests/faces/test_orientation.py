"""Photographs that lie on a side or upside down without saying so."""

from pathlib import Path

import numpy as np
import pytest

from fdemd.data.sources import orl_manifest
from fdemd.faces import mtcnn
from fdemd.faces.alignment import AlignedFace
from fdemd.faces.detection import Detection, Detector
from fdemd.faces.landmarks import DETECTORS, find_face
from fdemd.faces.orientation import find_upright
from fdemd.faces.photographs import Preprocessing, extract_face
from fdemd.faces.reading import read_image

EASY = ["s1/1.pgm", "s11/3.pgm", "s20/5.pgm"]


def photograph(path: str) -> np.ndarray:
    return read_image(orl_manifest().root / path)


def face(image: np.ndarray, detector: str) -> AlignedFace:
    found = extract_face(image, Preprocessing("dlib", (150, 150), detector), aligned=False).face
    assert found is not None
    return found


@pytest.mark.parametrize("turns", [1, 2, 3])
@pytest.mark.parametrize("path", EASY)
def test_however_a_photograph_lies_its_face_is_the_same(path: str, turns: int) -> None:
    image = photograph(path)
    expected, found = face(image, "dlib"), face(np.rot90(image, turns), "dlib")
    np.testing.assert_array_equal(found.image, expected.image)
    np.testing.assert_array_equal(found.landmarks, expected.landmarks)


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_mtcnn_finds_it_as_well(turns: int) -> None:
    image = photograph("s1/1.pgm")
    expected, found = face(image, "mtcnn"), face(np.rot90(image, turns), "mtcnn")
    np.testing.assert_allclose(found.landmarks, expected.landmarks, atol=8)


@pytest.mark.parametrize("detector", DETECTORS)
@pytest.mark.parametrize("path", EASY)
def test_an_upright_photograph_stays(path: str, detector: str) -> None:
    found = find_face(photograph(path), detector)
    assert found is not None and found.turns == 0


def test_turns_say_how_the_photograph_comes_upright() -> None:
    image = np.rot90(photograph("s1/1.pgm"), 1)  # anticlockwise, so that three more are needed
    found = find_face(image, "dlib")
    assert found is not None and found.turns == 3


def test_faces_that_lie_are_told_by_their_eyes() -> None:
    def eyes(degrees: float) -> np.ndarray:
        across, down = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
        return np.array([(0, 0), (across, down), (0, 0), (0, 0), (0, 0)])

    tilts = [0, 29, -29, 31, -59, 61, -90, 120, 180]
    assert [mtcnn._confidence(0.999, eyes(tilt)) for tilt in tilts] == [1, 1, 1, 0.4, 0.4, 0, 0, 0, 0]
    assert mtcnn._confidence(0.98, eyes(0)) == 0


def pictured(height: int, width: int) -> np.ndarray:
    return np.zeros((height, width, 3), np.uint8)


def detector(confidence: dict[tuple[int, int], float], as_found: float | None) -> tuple[Detector, list[str]]:
    """One that is told its confidence of the face in the centre of turned pictures by their size, and what it did."""
    done: list[str] = []

    def centred(image: np.ndarray, sure: float) -> list[Detection]:
        height, width = image.shape[:2]
        return [Detection((width / 4, height / 4, 3 * width / 4, 3 * height / 4), None, sure)]

    def search(image: np.ndarray) -> list[Detection]:
        done.append("search")
        return [] if as_found is None else centred(image, as_found)

    def glance(image: np.ndarray) -> list[Detection]:
        done.append("glance")
        sure = confidence.get(image.shape[:2])
        return [] if sure is None else centred(image, sure)

    return Detector(search, (glance, glance), clearly=0.4, largest_side=1000), done


@pytest.mark.parametrize(
    ("as_found", "on_a_side", "turns", "glances"),
    [
        (1.0, 1.0, 0, 0),
        (0.7, 1.0, 0, 3),
        (0.5, 1.0, 1, 3),
        (0.0, 0.5, 1, 3),
        (0.0, 0.3, 0, 3),
        (None, 0.5, 1, 3),
        (None, None, 0, 6),
    ],
    ids=["beyond doubt", "not clearly less", "clearly less", "none", "both doubtful", "no face", "no face at all"],
)
def test_a_turned_copy_is_taken_only_if_the_detector_is_clearly_surer_of_it(
    as_found: float | None, on_a_side: float | None, turns: int, glances: int
) -> None:
    sure = {} if on_a_side is None else {(40, 60): on_a_side}
    those, done = detector(sure, as_found)
    assert find_upright(pictured(60, 40), those)[0] == turns
    assert done == ["search"] + ["glance"] * glances


def test_a_face_aside_in_a_turned_copy_is_not_taken() -> None:
    def corner(image: np.ndarray) -> list[Detection]:
        return [Detection((0, 0, 5, 5), None, 1.0)]

    assert find_upright(pictured(100, 100), Detector(lambda _: [], (corner,), 0.4, 1000)) == (0, [])


def test_the_exif_orientation_goes_before(tmp_path: Path) -> None:
    """A photograph that says how it lies comes upright when it is read, and is not turned again."""
    from PIL import Image

    image = Image.fromarray(np.rot90(photograph("s1/1.pgm"), 1))
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned clockwise to be seen upright
    image.save(tmp_path / "a.png", exif=exif)
    found = find_face(read_image(tmp_path / "a.png"), "dlib")
    assert found is not None and found.turns == 0
