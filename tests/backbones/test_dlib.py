"""The port of dlib's network against dlib itself, and files that are not that network."""

import struct
from pathlib import Path

import dlib
import numpy as np
import pytest
import torch

from fdemd.backbones import Backbone, create_backbone
from fdemd.backbones.dlib_dat import read_layers
from fdemd.checkpoints import installed_file, read_card
from fdemd.data.aligned import aligned_faces
from fdemd.data.manifest import Manifest
from fdemd.data.sources import orl_manifest
from fdemd.errors import InputError


@pytest.fixture(scope="module")
def weights() -> Path:
    return installed_file(read_card("dlib"))


@pytest.fixture(scope="module")
def chips(cache: Path) -> np.ndarray:
    """50 aligned ORL faces of 40 people."""
    every = orl_manifest()
    some = Manifest(every.root, every.photographs[::8])
    return np.array(aligned_faces(some, "dlib", (150, 150), cache=cache, detector="dlib").images)


def test_embeddings_equal_dlibs(dlib_net: Backbone, weights: Path, chips: np.ndarray) -> None:
    original = dlib.face_recognition_model_v1(str(weights))
    expected = np.array([original.compute_face_descriptor(chip) for chip in chips])
    with torch.inference_mode():
        found = dlib_net(torch.from_numpy(chips).permute(0, 3, 1, 2) / 255).embedding.numpy()
    assert len(chips) == 50
    assert np.abs(found - expected).max() < 1e-5


@pytest.mark.parametrize(("grid", "channels"), [(8, 128), (4, 256), (2, 256)])
def test_the_patch_grids(grid: int, channels: int) -> None:
    features = create_backbone("dlib", grid=grid)(torch.rand(2, 3, 150, 150))
    assert features.embedding.shape == (2, 128)
    assert features.patches.shape == (2, grid * grid, channels)
    assert features.grid == (grid, grid)


def test_patches_are_where_they_look(dlib_net: Backbone) -> None:
    """Brightening the lower left corner changes the patches there most: rows run down, columns to the right."""
    face = torch.full((1, 3, 150, 150), 0.5)
    lit = face.clone()
    lit[:, :, 110:, :40] = 1.0
    with torch.inference_mode():
        change = (dlib_net(lit).patches - dlib_net(face).patches).norm(dim=-1).view(8, 8)
    row, column = divmod(int(change.argmax()), 8)
    assert row >= 5
    assert column <= 2


def test_other_grids_are_refused() -> None:
    with pytest.raises(InputError, match="Unknown grid"):
        create_backbone("dlib", grid=16)


@pytest.mark.parametrize(
    ("spoil", "complaint"),
    [
        (lambda content: content[: len(content) // 2], "the file ends before"),
        (lambda content: content[:60_000], "not dlib's face recognition network|ends before"),
        (lambda content: b"", "has 0 layers"),
        (lambda content: b"hello" * 1000, "has 0 layers"),
        (lambda content: content.replace(content[400:404], struct.pack("<f", float("nan")), 1), "not a finite number"),
    ],
)
def test_spoilt_files_are_refused(tmp_path: Path, weights: Path, spoil, complaint: str) -> None:
    file = tmp_path / "spoilt.dat"
    file.write_bytes(spoil(weights.read_bytes()))
    with pytest.raises(InputError, match=complaint) as refusal:
        create_backbone("dlib", checkpoint=str(file))
    assert str(file) in str(refusal.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nowhere\.dat"):
        create_backbone("dlib", checkpoint=str(tmp_path / "nowhere.dat"))


def test_another_network_of_dlib_is_refused() -> None:
    """The landmark model lies beside the network and is the file that is most easily taken for it."""
    with pytest.raises(InputError, match="not dlib's face recognition network"):
        create_backbone("dlib", checkpoint=str(installed_file(read_card("dlib_landmarks"))))


def test_the_reader_finds_every_layer(weights: Path) -> None:
    layers = read_layers(weights)
    assert [layer.tag for layer in layers] == ["con_4", "affine_"] * 29 + ["fc_2"]
