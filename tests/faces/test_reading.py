"""One way to read an image, whatever its file is like."""

import os
import struct
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


@pytest.mark.parametrize("name", ["JPEG", "PNG", "GIF", "BMP", "DIB", "TIFF", "WEBP", "PPM", "JPEG2000", "AVIF", "MPO"])
def test_every_format_of_photographs_is_known_by_its_content(tmp_path: Path, picture: np.ndarray, name: str) -> None:
    Image.init()
    if name not in Image.SAVE:
        pytest.skip(f"this Pillow was built without {name}")
    Image.fromarray(picture).save(tmp_path / "photo.jpg", name)
    assert np.abs(read_image(tmp_path / "photo.jpg").astype(int) - picture).mean() < 12


@pytest.mark.parametrize("name", ["EPS", "PDF", "TGA", "PCX", "ICO", "IM", "SGI", "MSP", "SPIDER"])
def test_no_other_format_is_opened_whatever_it_is_called(
    tmp_path: Path, picture: np.ndarray, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    mode = {"MSP": "1", "SPIDER": "F"}.get(name, "RGB")
    # Not saved as .jpg: Pillow's SPIDER makes the ending that it writes to its own, for the whole process.
    Image.fromarray(picture).convert(mode).save(tmp_path / f"photo.{name.lower()}", name)
    (tmp_path / f"photo.{name.lower()}").rename(tmp_path / "photo.jpg")

    def started(*_: object, **__: object) -> None:
        raise AssertionError("another program was started")

    monkeypatch.setattr("subprocess.Popen", started)  # Ghostscript, for EPS
    with pytest.raises(UnreadableImageError, match="not an image, or of an unknown format"):
        read_image(tmp_path / "photo.jpg")


@pytest.mark.parametrize("maximum", [65535, 4095, 1023, 256])
@pytest.mark.parametrize("plain", [True, False])
def test_pgm_of_more_than_8_bits_is_stretched_from_its_own_maximum(tmp_path: Path, maximum: int, plain: bool) -> None:
    levels = np.linspace(0, maximum, 20 * 30).astype(np.uint16).reshape(20, 30)
    words = " ".join(map(str, levels.ravel())).encode()
    head = f"{'P2' if plain else 'P5'}\n30 20\n{maximum}\n".encode()
    (tmp_path / "deep.pgm").write_bytes(head + (words if plain else levels.astype(">u2").tobytes()))
    found = read_image(tmp_path / "deep.pgm")
    assert np.abs(found[..., 0] - levels * (255 / maximum)).max() <= 1
    assert (found[0, 0, 0], found[-1, -1, 0]) == (0, 255)


@pytest.mark.parametrize("name", ["deep.tiff", "deep.pfm"])
def test_32_bit_grey_is_refused(tmp_path: Path, picture: np.ndarray, name: str) -> None:
    Image.fromarray(picture[..., 0].astype(np.float32)).save(tmp_path / name)
    with pytest.raises(UnreadableImageError, match="32-bit grey levels have no agreed range"):
        read_image(tmp_path / name)


@pytest.mark.parametrize("size", [(16, 40_000), (40_000, 16), (20, 1001)])
def test_a_strip_is_no_face(tmp_path: Path, size: tuple[int, int]) -> None:
    Image.new("L", size).save(tmp_path / "strip.png")
    with pytest.raises(UnreadableImageError, match=f"{size[0]}x{size[1]} pixels are too narrow a strip for a face"):
        read_image(tmp_path / "strip.png")


def test_the_longest_panorama_is_read(tmp_path: Path) -> None:
    Image.new("L", (1000, 20)).save(tmp_path / "wide.png")
    assert read_image(tmp_path / "wide.png").shape == (20, 1000, 3)


def test_a_picture_between_pillows_warning_and_its_error_is_not_decoded(tmp_path: Path) -> None:
    Image.new("1", (10_000, 10_000)).save(tmp_path / "large.png")
    with pytest.raises(UnreadableImageError, match="more pixels"):
        read_image(tmp_path / "large.png")


@pytest.mark.parametrize(
    ("raised", "sentence"),
    [
        (MemoryError(), "it needs more memory than there is"),
        (RecursionError("too deep"), "damaged: too deep"),
        (UserWarning(), "damaged: UserWarning"),
        (SystemError("tile cannot extend"), "damaged: tile cannot extend"),
        (PermissionError(13, "Permission denied"), r"it may not be read \(permission denied\)"),
    ],
)
def test_whatever_a_decoder_raises_is_a_reason_in_words(
    tmp_path: Path, picture: np.ndarray, monkeypatch: pytest.MonkeyPatch, raised: Exception, sentence: str
) -> None:
    Image.fromarray(picture).save(tmp_path / "photo.png")

    def fails(*_: object) -> None:
        raise raised

    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", fails)
    with pytest.raises(UnreadableImageError, match=sentence):
        read_image(tmp_path / "photo.png")


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("pipe.jpg", r"^it cannot be read \(not a file\)$"),
        ("/dev/zero", r"^it cannot be read \(not a file\)$"),
        ("folder.jpg", r"^it cannot be read \(Is a directory\)$"),
        ("none.jpg", "^there is no such file$"),
    ],
)
def test_what_is_no_file_is_not_waited_for(tmp_path: Path, name: str, sentence: str) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "folder.jpg").mkdir()
    with pytest.raises(UnreadableImageError, match=sentence):
        read_image(tmp_path / name)


@pytest.mark.filterwarnings("error")
def test_what_pillow_murmurs_about_metadata_is_not_shown(tmp_path: Path, picture: np.ndarray) -> None:
    Image.fromarray(picture).save(tmp_path / "odd.tiff", tiffinfo={270: "odd"})
    content = bytearray((tmp_path / "odd.tiff").read_bytes())
    at = content.index(struct.pack("<HH", 270, 2))
    content[at + 8 : at + 12] = struct.pack("<I", len(content) + 100)  # the text lies behind the end of the file
    (tmp_path / "odd.tiff").write_bytes(content)
    np.testing.assert_array_equal(read_image(tmp_path / "odd.tiff"), picture)
