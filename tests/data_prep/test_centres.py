"""Mean embeddings of people, computed once and remembered."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn.functional import normalize

from data_prep.centres import _usable, class_centres
from fdemd.backbones import Backbone
from fdemd.data.manifest import Manifest
from fdemd.data.manifest_file import read_manifest, write_manifest
from fdemd.data.sources import folder_manifest
from fdemd.faces.photographs import Preprocessing, extract_face
from fdemd.faces.reading import read_image
from tests.data_prep.conftest import picture, write_tree


@pytest.fixture(scope="module")
def photographs(few_people: Path) -> Manifest:
    """Three people, four photographs each, as taken."""
    everybody = folder_manifest(str(few_people))
    return replace(everybody, photographs=everybody.photographs[:12])


@pytest.mark.parametrize("workers", [1, 2])
def test_a_centre_is_the_mean_direction_of_a_persons_faces(
    photographs: Manifest, dlib_net: Backbone, workers: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FDEMD_CACHE", str(tmp_path))
    monkeypatch.setattr("data_prep.centres._AT_ONCE", 5)
    found = class_centres(photographs, dlib_net, detector="dlib", workers=workers)
    assert found.people == ("s1", "s2", "s3")
    assert found.examples == ("s1/1.pgm", "s2/1.pgm", "s3/1.pgm")
    for person, direction in zip(found.people, found.directions, strict=True):
        of_person = []
        for photograph in photographs.photographs:
            if photograph.identity == person:
                face = extract_face(
                    read_image(photographs.file(photograph)), Preprocessing("dlib", (150, 150), "dlib"), aligned=False
                ).face
                assert face is not None
                pixels = torch.from_numpy(face.image).permute(2, 0, 1)[None].float() / 255
                with torch.inference_mode():
                    of_person.append(normalize(dlib_net(pixels).embedding)[0])
        torch.testing.assert_close(direction, normalize(torch.stack(of_person).mean(0), dim=0), atol=1e-5, rtol=0)


def test_in_a_container_with_little_shared_memory_fewer_processes_look(
    photographs: Manifest,
    dlib_net: Backbone,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    expected = class_centres(photographs, dlib_net, detector="dlib", workers=1)
    monkeypatch.setenv("FDEMD_CACHE", str(tmp_path))
    monkeypatch.setattr("fdemd.data.loading.free_shared_memory", lambda: 3 * 150 * 150 * 12 * 4)
    found = class_centres(photographs, dlib_net, detector="dlib", workers=2)
    assert torch.equal(found.directions, expected.directions)
    assert "Faces are read by no extra processes instead of 2" in caplog.text
    assert caplog.text.rstrip().endswith("--shm-size=1g.")


def test_faces_go_between_processes_as_bytes() -> None:
    rows, faces = _usable([(4, np.full((2, 3, 3), 255, np.uint8)), (5, None), (6, np.zeros((2, 3, 3), np.uint8))])
    assert rows == [4, 6]
    assert (faces.dtype, faces.shape) == (torch.uint8, (2, 3, 2, 3))


def test_what_was_looked_at_is_remembered_until_it_changes(
    photographs: Manifest, dlib_net: Backbone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FDEMD_CACHE", str(tmp_path))
    first = class_centres(photographs, dlib_net, detector="dlib", workers=1)
    with monkeypatch.context() as patch:
        patch.setattr("data_prep.centres.read_image", lambda *_: pytest.fail("looked at again"))
        again = class_centres(photographs, dlib_net, detector="dlib", workers=1)
    assert torch.equal(again.directions, first.directions)
    fewer = replace(photographs, photographs=photographs.photographs[1:])
    assert not torch.equal(class_centres(fewer, dlib_net, detector="dlib", workers=1).directions, first.directions)


def test_faces_of_another_template_are_looked_at_where_the_network_expects_them(
    photographs: Manifest, dlib_net: Backbone, tmp_path: Path, data_prep: Callable
) -> None:
    out = tmp_path / "prepared"
    status, printed = data_prep("folder", "--source", photographs.root, "--out", out, "--workers", 1)
    assert status == 0, printed
    prepared = class_centres(read_manifest(out / "manifest.csv"), dlib_net, detector="dlib", workers=1)
    as_taken = class_centres(folder_manifest(str(photographs.root)), dlib_net, detector="dlib", workers=1)
    assert prepared.people == as_taken.people
    cosines = prepared.directions @ as_taken.directions.T
    assert cosines.diag().min() > 0.97
    assert cosines.fill_diagonal_(-1).max() < 0.96


def test_photographs_without_a_face_are_counted(tmp_path: Path, dlib_net: Backbone) -> None:
    files = {"Ann/1.jpg": picture(0, 1), "Ann/2.jpg": b"Dear Sir", "Bob/1.jpg": picture(1, 1), "Cy/1.jpg": b""}
    manifest = folder_manifest(str(write_tree(tmp_path / "people", files)))
    found = class_centres(manifest, dlib_net, detector="dlib", workers=1)
    assert (found.people, found.examples, found.left_out) == (("Ann", "Bob"), ("Ann/1.jpg", "Bob/1.jpg"), 2)


def test_a_set_of_which_nothing_can_be_looked_at_is_named_and_not_remembered(
    tmp_path: Path, data_prep: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FDEMD_CACHE", str(tmp_path / "cache"))
    ours = write_tree(tmp_path / "ours", {f"P{person}/1.jpg": picture(person, 1) for person in range(2)})
    lost = write_tree(tmp_path / "lost", {"Ann/1.jpg": b"Dear Sir", "Bob/1.jpg": b""})
    write_manifest(folder_manifest(str(lost)), lost / "manifest.csv")
    arguments = ["folder", "--source", ours, "--out", tmp_path / "out", "--workers", 1, "--template", "dlib"]
    status, printed = data_prep(*arguments, "--against", lost / "manifest.csv", "--by-embedding")
    assert status == 2
    assert f"none of the 2 photographs of {lost / 'manifest.csv'} can be looked at" in printed
    (lost / "Ann" / "1.jpg").write_bytes(picture(0, 1))
    assert data_prep(*arguments, "--against", lost / "manifest.csv", "--by-embedding")[0] == 0
