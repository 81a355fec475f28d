"""The same picture twice, under one name or two, whatever its files are called."""

import logging
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fdemd.backbones import Backbone
from fdemd.data.accounting import account
from fdemd.data.aligned import NO_FACE, AlignedFaces, LeftOut
from fdemd.data.datamodule import FaceDataModule
from fdemd.data.left_out import left_out_files
from fdemd.data.manifest import Manifest, Photograph
from fdemd.data.sources import folder_manifest, orl_manifest
from fdemd.data.twins import Twins, find_twins, warn_of_twins, with_shared_sources
from fdemd.embedding.labels import labels_of


def manifest(*people: str, sources: tuple[str, ...] = ()) -> Manifest:
    """A photograph of each of these people, called by its number."""
    paths = [f"{number}.png" for number in range(len(people))]
    rows = zip(paths, people, sources or paths, strict=True)
    return Manifest(Path("root"), tuple(Photograph(path, person, source) for path, person, source in rows))


def faces(*pictures: int, without: tuple[int, ...] = ()) -> AlignedFaces:
    """Faces that are equal where the numbers are."""
    images = np.stack([np.full((2, 2, 3), picture, np.uint8) for picture in pictures])
    landmarks = np.stack([np.full((68, 2), picture, np.float32) for picture in pictures])
    return AlignedFaces(images, landmarks, tuple(LeftOut(row, NO_FACE, "") for row in without), (), "digest")


def test_copies_of_one_person_and_of_two() -> None:
    found = find_twins(manifest(*"aabbac"), faces(1, 2, 1, 1, 1, 3))
    assert found == Twins(copies={3: 2, 4: 0}, strangers={2: 0})


def test_faces_that_were_not_found_are_nobodys_twins() -> None:
    assert find_twins(manifest(*"aabb"), faces(0, 0, 0, 1, without=(0, 2))) == Twins({}, {})


def test_equal_landmarks_alone_are_no_twins() -> None:
    alike = faces(1, 1)
    alike.images[1, 0, 0, 0] = 2
    assert find_twins(manifest("a", "a"), alike) == Twins({}, {})


def test_what_was_made_from_either_copy_shares_its_source() -> None:
    """Rows 0 and 1 are one picture; 2 and 3 are masked copies of each, 4 is another photograph."""
    rows = manifest(*"aaaaa", sources=("0.png", "1.png", "0.png", "1.png", "4.png"))
    joined = with_shared_sources(rows, Twins(copies={1: 0}, strangers={}))
    assert [row.source for row in joined.photographs] == ["0.png"] * 4 + ["4.png"]
    assert [row.path for row in joined.photographs] == [row.path for row in rows.photographs]


def test_copies_whose_sources_are_each_others() -> None:
    rows = manifest(*"aaa", sources=("1.png", "0.png", "1.png"))
    joined = with_shared_sources(rows, Twins(copies={1: 0, 2: 0}, strangers={}))
    assert len({row.source for row in joined.photographs}) == 1


def test_nothing_changes_and_nothing_is_said_without_twins(caplog: pytest.LogCaptureFixture) -> None:
    rows = manifest(*"ab")
    assert with_shared_sources(rows, Twins({}, {})) is rows
    warn_of_twins(rows, Twins({}, {}))
    assert not caplog.messages


def test_both_kinds_are_said_with_examples(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        warn_of_twins(manifest(*"aaaaaab"), Twins(dict.fromkeys(range(1, 6), 0), {6: 0}))
    copies, strangers = caplog.messages
    assert "5 photographs are the same picture as another of the person (1.png = 0.png, 2.png = 0.png" in copies
    assert "and 2 more" in copies
    assert "1 photographs are the same picture as one of another person (6.png = 0.png)" in strangers


def module(root: Path, backbone: Backbone, cache: Path) -> FaceDataModule:
    loading = {"detector": "dlib", "batch_size": 8, "num_workers": 0, "cache": cache, "seed": 0}
    size = {"alignment": backbone.alignment, "face_size": backbone.face_size}
    return FaceDataModule(folder_manifest(str(root)), {}, **size, **loading)


def test_twins_among_real_photographs(people: Path, dlib_net: Backbone, tmp_path: Path) -> None:
    """A copy of the bytes and one of the pixels only; both share their source with the original, nobody else does."""
    shutil.copy(people / "s1" / "1.pgm", people / "s1" / "copy of 1.pgm")
    Image.open(people / "s2" / "1.pgm").save(people / "s2" / "saved again.png")
    shutil.copy(people / "s3" / "1.pgm", people / "s4" / "9.pgm")
    data = module(people, dlib_net, tmp_path / "cache")
    data.setup("test")
    rows = {photograph.path: row for row, photograph in enumerate(data.manifest.photographs)}
    source = labels_of(data.manifest, data.query_rows, occluded=False).source.tolist()
    assert source[rows["s1/1.pgm"]] == source[rows["s1/copy of 1.pgm"]]
    assert source[rows["s2/1.pgm"]] == source[rows["s2/saved again.png"]]
    assert source[rows["s3/1.pgm"]] != source[rows["s4/9.pgm"]], "that one of them is wrong is said, not repaired"
    assert len(set(source)) == len(source) - 2
    counts = data.account
    assert (counts.photographs.rows, counts.copies, counts.strangers) == (23, 2, 1)
    assert counts == account(data.manifest, data.faces), "as if the twins were looked for again"
    assert data.account is counts, "computed once"
    data.leave_out({"s1"})
    assert data.account.photographs.aside == counts.photographs.aside + 5
    assert [(path, problem) for path, problem, _ in left_out_files(data.manifest, data.faces)] == [
        ("s1/copy of 1.pgm", "twin"),
        ("s2/saved again.png", "twin"),
        ("s4/9.pgm", "of two people"),
    ]


def test_orl_has_no_twins(cache: Path, dlib_net: Backbone) -> None:
    rows = Manifest(orl_manifest().root, orl_manifest().photographs[::5])
    data = FaceDataModule(
        rows,
        {},
        alignment=dlib_net.alignment,
        face_size=dlib_net.face_size,
        seed=0,
        detector="dlib",
        batch_size=8,
        num_workers=0,
        cache=cache,
    )
    data.setup("test")
    assert (data.twins, data.manifest) == (Twins({}, {}), rows)
