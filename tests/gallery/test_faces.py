"""From a real photograph to faces with features, as every other job has them."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from PIL import Image

import fdemd
from fdemd.backbones import Backbone
from fdemd.data.sources import orl_manifest
from fdemd.emd.compact import compact
from fdemd.errors import InputError
from fdemd.faces.reading import read_image
from fdemd.gallery.faces import FaceReader, best_patches, best_precision, digest_of, name_of, sharpness
from fdemd.gallery.pin import Pin


@pytest.fixture(scope="module")
def sface() -> Backbone:
    return fdemd.create_backbone("sface")


@pytest.fixture(scope="module")
def reader(sface: Backbone) -> FaceReader:
    return FaceReader(sface, Pin.of(sface, "sface", "yunet", patches="projected"))


def test_every_face_of_a_photograph_is_read(reader: FaceReader, tmp_path: Path) -> None:
    root = orl_manifest().root
    photograph = np.full((500, 800, 3), 128, np.uint8)
    for place, name in ((60, "s1/1.pgm"), (500, "s2/1.pgm")):
        photograph[100:324, place : place + 184] = cv2.resize(read_image(root / name), None, fx=2, fy=2)
    Image.fromarray(photograph).save(tmp_path / "two.png")
    seen = reader.read(tmp_path / "two.png")
    assert len(seen.faces) == 2 and seen.path == (tmp_path / "two.png").resolve()
    assert sorted(round(face.box[0]) > 400 for face in seen.faces) == [False, True]
    assert all(face.side > 60 and face.sharpness > 0 for face in seen.faces)


def test_features_are_those_of_embed(reader: FaceReader, sface: Backbone) -> None:
    path = orl_manifest().root / "s1/1.pgm"
    (face,) = reader.read(path).faces
    expected = fdemd.embed(sface, path, detector="yunet")
    torch.testing.assert_close(face.features.embedding, expected.embedding, atol=1e-4, rtol=1e-3)
    assert face.features.patches.shape == (1, 49, 128)  # each patch's share of the embedding
    torch.testing.assert_close(face.features.patches.float().sum(1), expected.embedding, atol=0.05, rtol=0.05)


def test_compact_features_are_those_of_evaluations(reader: FaceReader, sface: Backbone) -> None:
    path = orl_manifest().root / "s1/1.pgm"
    small = reader.keeping_compact(Pin.of(sface, "sface", "yunet", patches="projected", dtype="int8"), None)
    (face,), (full,) = small.read(path).faces, reader.read(path).faces
    expected = compact(full.features)
    assert torch.equal(face.features.patches, expected.patches)
    assert face.features.scale is not None and expected.scale is not None
    assert torch.equal(face.features.scale, expected.scale)
    assert torch.equal(small.embed(full.image[None]).patches, expected.patches)


def test_patches_are_compact_where_all_channels_fit(sface: Backbone) -> None:
    found = [best_precision(sface, patches) for patches in ("projected", "raw", "none")]
    assert found == ["int8", "float16", "float16"]  # 49 patches of 128 channels, and of 1,024


def test_a_photograph_comes_in_any_form(reader: FaceReader) -> None:
    path = orl_manifest().root / "s1/1.pgm"
    pixels = read_image(path)
    forms = [reader.read(form) for form in (path, str(path), path.read_bytes(), Image.open(path), pixels)]
    for seen in forms[1:]:
        assert torch.equal(seen.faces[0].features.embedding, forms[0].faces[0].features.embedding)
    assert forms[0].sha256 == forms[1].sha256 == forms[2].sha256 == digest_of(path)
    assert forms[3].sha256 == forms[4].sha256
    assert digest_of(pixels) is None
    assert name_of(path) == f"photograph {path}" and name_of(pixels) == "photograph"


@pytest.mark.parametrize("content", [b"", b"no image", None])
def test_what_cannot_be_read_is_told(reader: FaceReader, tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "a.jpg"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=f"The photograph {path} cannot be read"):
        reader.read(path)


def test_a_blurred_face_is_less_sharp() -> None:
    face = np.random.default_rng(0).integers(0, 255, (112, 112, 3)).astype(np.uint8)
    levels = [sharpness(cv2.GaussianBlur(face, (0, 0), sigma)) for sigma in (0.5, 1, 2, 4)]
    assert levels == sorted(levels, reverse=True)


def test_patches_are_projected_where_a_network_has_such(sface: Backbone, dlib_net: Backbone) -> None:
    assert best_patches(sface) == "projected"
    assert best_patches(dlib_net) == "raw"
