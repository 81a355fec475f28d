"""Faces as they reach a network: all of them, the same ones for any batch size and number of workers."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.data import DataLoader

from fdemd.backbones import Backbone
from fdemd.data.aligned import NO_FACE, UNREADABLE, aligned_faces
from fdemd.data.datamodule import FaceDataModule
from fdemd.data.manifest_file import read_manifest
from fdemd.data.sources import folder_manifest
from fdemd.errors import InputError
from fdemd.settings.queries import check_queries

QUERIES = check_queries({"clean": {}, "mask": {"kinds": ["surgical", "kn95"]}, "crop": {"side": 0.7}})


def module(root: Path, backbone: Backbone, cache: Path, batch_size: int = 8, num_workers: int = 0) -> FaceDataModule:
    faces = FaceDataModule(
        folder_manifest(str(root)),
        QUERIES,
        alignment=backbone.alignment,
        face_size=backbone.face_size,
        seed=0,
        detector="dlib",
        batch_size=batch_size,
        num_workers=num_workers,
        cache=cache,
    )
    faces.setup("test")
    return faces


def everything(faces: FaceDataModule, num_workers: int = 0) -> list[dict[str, torch.Tensor]]:
    """One dictionary of whole tensors a kind."""
    whole = []
    for faces_of_a_kind in faces.test_sets().values():
        batches = list(DataLoader(faces_of_a_kind, faces.batch_size, num_workers=num_workers))
        whole.append({key: torch.cat([batch[key] for batch in batches]) for key in batches[0]})
    return whole


def test_a_batch_is_what_it_promises(few_people: Path, dlib_net: Backbone, cache: Path) -> None:
    clean, mask, crop = everything(module(few_people, dlib_net, cache))
    for batch in (clean, mask, crop):
        assert batch["face"].shape == (20, 3, 150, 150)
        assert batch["face"].dtype == torch.uint8
        assert batch["face"].float().std() > 20, "bytes of a picture"
        assert batch["row"].tolist() == list(range(20))
    assert clean["landmarks"].shape == (20, 68, 2)
    assert ((clean["landmarks"] > 0.02) & (clean["landmarks"] < 0.98)).float().mean() > 0.95
    assert not torch.equal(clean["face"], mask["face"])


@pytest.mark.parametrize(("batch_size", "num_workers"), [(1, 0), (7, 2), (64, 1)])
def test_batch_size_and_workers_change_nothing(
    few_people: Path, dlib_net: Backbone, cache: Path, batch_size: int, num_workers: int
) -> None:
    expected = everything(module(few_people, dlib_net, cache))
    found = everything(module(few_people, dlib_net, cache, batch_size, num_workers), num_workers)
    for one, other in zip(expected, found, strict=True):
        for key in one:
            assert torch.equal(one[key], other[key]), key


def test_alignment_does_not_depend_on_the_number_of_workers(few_people: Path, tmp_path: Path) -> None:
    manifest = folder_manifest(str(few_people))
    one = aligned_faces(manifest, "dlib", (150, 150), cache=tmp_path / "a", detector="dlib")
    two = aligned_faces(manifest, "dlib", (150, 150), cache=tmp_path / "b", detector="dlib", num_workers=2)
    np.testing.assert_array_equal(one.images, two.images)
    np.testing.assert_array_equal(one.landmarks, two.landmarks)


def test_what_cannot_be_used_is_listed_with_the_reason(people: Path, dlib_net: Backbone, tmp_path: Path) -> None:
    (people / "s1" / "letter.jpg").write_text("Dear Sir")
    Image.new("RGB", (1, 1)).save(people / "s1" / "dot.png")
    Image.new("RGB", (90, 110), "white").save(people / "s2" / "wall.png")
    faces = module(people, dlib_net, tmp_path)
    paths = [photograph.path for photograph in faces.manifest.photographs]
    assert [(paths[entry.row], entry.problem) for entry in faces.faces.left_out] == [
        ("s1/dot.png", UNREADABLE),
        ("s1/letter.jpg", UNREADABLE),
        ("s2/wall.png", NO_FACE),
    ]
    assert len(faces.query_rows) == 20
    assert [paths[row] for row in faces.missed_rows] == ["s2/wall.png"], "a query whose face is not found is a miss"


def test_the_cache_is_used_and_noticed_to_be_stale(
    people: Path, dlib_net: Backbone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = module(people, dlib_net, tmp_path).faces
    with monkeypatch.context() as patch:
        patch.setattr(
            "fdemd.faces.photographs.find_face", lambda *_, **__: pytest.fail("the faces were searched for again")
        )
        assert module(people, dlib_net, tmp_path).faces.digest == first.digest
    Image.open(people / "s1" / "1.pgm").transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(people / "s1" / "1.pgm")
    second = module(people, dlib_net, tmp_path).faces
    assert second.digest != first.digest
    assert not np.array_equal(second.images[0], first.images[0])


def test_photographs_without_any_face_are_an_error(tmp_path: Path, dlib_net: Backbone) -> None:
    for person in ("a", "b"):
        (tmp_path / "walls" / person).mkdir(parents=True)
        Image.new("RGB", (60, 60), "white").save(tmp_path / "walls" / person / "1.png")
    with pytest.raises(InputError, match="None of the 2 photographs"):
        module(tmp_path / "walls", dlib_net, tmp_path / "cache")


def test_a_cache_that_cannot_be_written_names_the_setting(people: Path, dlib_net: Backbone, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=r"data\.cache=PATH"):
        module(people, dlib_net, tmp_path / "file")


def test_files_that_are_aligned_already_are_only_resized(few_people: Path, tmp_path: Path) -> None:
    """Faces written as files and read back by the manifest are the faces, their landmarks found again to a pixel."""
    taken = aligned_faces(folder_manifest(str(few_people)), "dlib", (150, 150), cache=tmp_path, detector="dlib")
    rows = ["path,identity,aligned"]
    for row, photograph in enumerate(folder_manifest(str(few_people)).photographs):
        Image.fromarray(taken.images[row]).save(tmp_path / f"{row}.png")
        rows.append(f"{row}.png,{photograph.identity},dlib")
    (tmp_path / "list.csv").write_text("\n".join(rows))
    manifest = read_manifest(tmp_path / "list.csv")
    found = aligned_faces(manifest, "dlib", (150, 150), cache=tmp_path, detector="dlib")
    np.testing.assert_array_equal(found.images, taken.images)
    assert np.abs(found.landmarks - taken.landmarks).mean() < 2
    with pytest.raises(InputError, match="aligned as 'dlib', but the network takes faces aligned as 'insightface'"):
        aligned_faces(manifest, "insightface", (112, 112), cache=tmp_path, detector="dlib")
