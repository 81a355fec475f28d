"""One way to read an image, whatever its file is like."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fdemd.faces.reading import UnreadableImageError, read_image


@pytest.fixture
def picture() -> np.ndarray:
    """A gradient whose corners differ, so that turning it is seen."""
    y, x = np.mgrid[0:40, 0:60]
    return np.stack([4 * x, 6 * y, np.full_like(x, 90)], axis=2).astype(np.uint8)


def test_rgb_is_read_as_it_is(tmp_path: Path, picture: np.ndarray) -> None:
    Image.fromarray(picture).save(tmp_path / "rgb.png")
    np.testing.assert_array_equal(read_image(tmp_path / "rgb.png"), picture)


def test_paths_with_spaces_and_letters_of_any_language(tmp_path: Path, picture: np.ndarray) -> None:
    folder = tmp_path / "Zoë Ångström 張偉"
    folder.mkdir()
    Image.fromarray(picture).save(folder / "photo one.PNG")
    np.testing.assert_array_equal(read_image(folder / "photo one.PNG"), picture)


def test_exif_orientation_is_obeyed(tmp_path: Path, picture: np.ndarray) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: rotate by 90 degrees clockwise to see it upright
    Image.fromarray(picture).save(tmp_path / "turned.png", exif=exif)
    np.testing.assert_array_equal(read_image(tmp_path / "turned.png"), np.rot90(picture, -1))


def test_grey_becomes_three_equal_channels(tmp_path: Path, picture: np.ndarray) -> None:
    Image.fromarray(picture[..., 0]).save(tmp_path / "grey.png")
    np.testing.assert_array_equal(read_image(tmp_path / "grey.png"), np.repeat(picture[..., :1], 3, axis=2))


def test_16_bit_grey_is_scaled_not_clipped(tmp_path: Path, picture: np.ndarray) -> None:
    Image.fromarray(picture[..., 0].astype(np.uint16) * 257).save(tmp_path / "deep.png")
    np.testing.assert_array_equal(read_image(tmp_path / "deep.png")[..., 0], picture[..., 0])


def test_transparency_is_put_over_black(tmp_path: Path, picture: np.ndarray) -> None:
    alpha = np.full(picture.shape[:2], 255, np.uint8)
    alpha[:20] = 0
    Image.fromarray(np.dstack([picture, alpha])).save(tmp_path / "see-through.png")
    found = read_image(tmp_path / "see-through.png")
    assert not found[:20].any()
    np.testing.assert_array_equal(found[20:], picture[20:])


@pytest.mark.parametrize("mode", ["P", "CMYK", "1", "LA"])
def test_every_other_mode_gives_rgb(tmp_path: Path, picture: np.ndarray, mode: str) -> None:
    Image.fromarray(picture).convert(mode).save(tmp_path / "other.tiff")
    assert read_image(tmp_path / "other.tiff").shape == (40, 60, 3)


def test_of_an_animation_the_first_frame(tmp_path: Path, picture: np.ndarray) -> None:
    frames = [Image.fromarray(picture), Image.fromarray(255 - picture)]
    frames[0].save(tmp_path / "moving.gif", save_all=True, append_images=frames[1:])
    assert np.abs(read_image(tmp_path / "moving.gif").astype(int) - picture).mean() < 12


def test_text_named_jpg(tmp_path: Path) -> None:
    (tmp_path / "letter.jpg").write_text("Dear Sir")
    with pytest.raises(UnreadableImageError, match="not an image"):
        read_image(tmp_path / "letter.jpg")


def test_a_truncated_image(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (90, 90, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "whole.jpg")
    (tmp_path / "half.jpg").write_bytes((tmp_path / "whole.jpg").read_bytes()[:2000])
    with pytest.raises(UnreadableImageError, match="damaged"):
        read_image(tmp_path / "half.jpg")


def test_an_empty_file_and_a_missing_one(tmp_path: Path) -> None:
    (tmp_path / "empty.png").touch()
    for name in ("empty.png", "missing.png"):
        with pytest.raises(UnreadableImageError):
            read_image(tmp_path / name)


def test_one_pixel_is_no_face(tmp_path: Path) -> None:
    Image.new("RGB", (1, 1)).save(tmp_path / "dot.png")
    with pytest.raises(UnreadableImageError, match="1x1 pixels are too small"):
        read_image(tmp_path / "dot.png")


def test_a_decompression_bomb_is_not_opened(tmp_path: Path) -> None:
    Image.new("1", (20_000, 20_000)).save(tmp_path / "bomb.png")
    with pytest.raises(UnreadableImageError, match="more pixels"):
        read_image(tmp_path / "bomb.png")
