"""Copies made ahead are the queries that an evaluation would make, and nothing is lost or made twice."""

import os
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from data_prep.__main__ import main
from data_prep.copying import UNCHANGED, copy_paths
from data_prep.occlude import Request, is_chosen, occlude, template_of
from data_prep.query_kinds import default_settings
from data_prep.verifying import verify
from fdemd.data.datamodule import FaceDataModule
from fdemd.data.manifest import Manifest, Photograph
from fdemd.data.manifest_file import read_manifest, write_manifest
from fdemd.data.sources import folder_manifest
from fdemd.errors import InputError
from fdemd.faces.photographs import Preprocessing
from fdemd.faces.queries import QueryMaker
from fdemd.settings.queries import check_queries

KINDS = ("mask", "sunglass", "crop")
PREPROCESSING = Preprocessing("dlib", (150, 150), "dlib")


@pytest.fixture
def manifest(people: Path) -> Path:
    """Five people's photographs and a list of them, which a test may spoil."""
    path = people / "manifest.csv"
    write_manifest(folder_manifest(str(people)), path)
    return path


def request_for(manifest: Path, out: Path, kind: str = "mask") -> Request:
    return Request(manifest, out, kind, default_settings(kind), PREPROCESSING, seed=7)


def datamodule(manifest: Path, cache: Path) -> FaceDataModule:
    module = FaceDataModule(
        read_manifest(manifest),
        check_queries({kind: default_settings(kind) for kind in KINDS}),
        alignment=PREPROCESSING.template,
        face_size=PREPROCESSING.size,
        seed=7,
        detector=PREPROCESSING.detector,
        batch_size=8,
        num_workers=0,
        cache=cache,
    )
    module.setup("test")
    return module


def contents(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


@pytest.mark.parametrize("kind", KINDS)
def test_copies_are_pixel_for_pixel_the_queries_on_the_fly(
    kind: str, manifest: Path, tmp_path: Path, cache: Path
) -> None:
    occlude(request_for(manifest, tmp_path / "out", kind))
    module = datamodule(manifest, cache)
    copies = copy_paths(kind, [row.path for row in module.manifest.photographs])
    for row in module.query_rows.tolist():
        path = module.manifest.photographs[row].path
        copy = np.asarray(Image.open(tmp_path / "out" / copies[path]))
        np.testing.assert_array_equal(copy, module.query_face(kind, row), err_msg=path)


def test_copies_of_faces_that_are_aligned_already_are_the_queries_too(
    manifest: Path, tmp_path: Path, cache: Path
) -> None:
    photographs = datamodule(manifest, cache)
    rows = []
    for number, photograph in enumerate(photographs.manifest.photographs):
        path = photograph.path.replace(".pgm", ".png")
        file = tmp_path / "faces" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(photographs.faces.face(number).image).save(file)
        rows.append(replace(photograph, path=path, source=path, aligned="dlib"))
    prepared = tmp_path / "faces" / "manifest.csv"
    write_manifest(Manifest(prepared.parent, tuple(rows)), prepared)
    occlude(request_for(prepared, tmp_path / "masked"))
    module = datamodule(prepared, tmp_path / "cache")
    for row in module.query_rows.tolist():
        copy = Image.open(tmp_path / "masked" / "mask" / rows[row].path)
        np.testing.assert_array_equal(np.asarray(copy), module.query_face("mask", row))


def test_the_new_manifest_has_copies_as_queries_and_originals_as_gallery(manifest: Path, tmp_path: Path) -> None:
    copies = occlude(request_for(manifest, tmp_path / "out"))
    rows = read_manifest(copies.manifest).photographs
    originals, masked = rows[:20], rows[20:]
    assert {(row.is_query, row.is_gallery, row.aligned) for row in originals} == {(False, True, "")}
    assert {(row.is_query, row.is_gallery, row.aligned) for row in masked} == {(True, False, "dlib")}
    assert [row.source for row in masked] == [row.path for row in originals]
    assert [row.identity for row in masked] == [row.identity for row in originals]
    assert verify(copies.manifest)[1] == []
    module = datamodule(copies.manifest, tmp_path / "cache")
    assert (len(module.query_rows), len(module.gallery_rows)) == (20, 20)


def test_copies_beside_the_faces_that_we_prepared_link_nothing(lfw: Path) -> None:
    before = set(contents(lfw))
    faces = [row.path for row in read_manifest(lfw / "manifest.csv").photographs]
    copies = occlude(request_for(lfw / "manifest.csv", lfw))
    new = set(contents(lfw)) - before
    assert new == {f"mask/{path}" for path in faces} | {"mask.csv", "mask.jsonl", "mask_left_out.csv"}
    assert read_manifest(copies.manifest).photographs[-1].source == faces[-1]


def test_workers_and_interruptions_change_no_byte(
    manifest: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = occlude(request_for(manifest, tmp_path / "one"))
    request = replace(request_for(manifest, tmp_path / "two"), workers=2)
    monkeypatch.setattr("data_prep.occlude._AT_ONCE", 3)
    with monkeypatch.context() as patch:
        patch.setattr("data_prep.journal.Journal.finish", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            occlude(request)
    journal = tmp_path / "two" / "mask.jsonl"
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join(lines[:12]) + lines[12][:20])  # as a kill leaves it
    (tmp_path / "two" / "mask" / "s1" / f".{'0' * 16}.part").write_bytes(b"half")  # and a file that it was writing
    assert occlude(request).new == 9
    assert contents(tmp_path / "two") == contents(tmp_path / "one")
    assert expected.made == 20


def test_a_second_run_makes_nothing_and_a_new_photograph_alone_is_made(manifest: Path, tmp_path: Path) -> None:
    request = request_for(manifest, tmp_path / "out")
    assert occlude(request).new == 20
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("fdemd.faces.photographs.find_face", lambda *_: pytest.fail("a face was searched for again"))
        assert occlude(request).new == 0
    shutil.copy(manifest.parent / "s1" / "1.pgm", manifest.parent / "s2" / "1.pgm.new")
    (manifest.parent / "s2" / "1.pgm.new").rename(manifest.parent / "s2" / "5.pgm")
    write_manifest(folder_manifest(str(manifest.parent)), manifest)
    assert occlude(request).new == 1


def test_what_could_not_be_masked_is_counted_and_listed(
    manifest: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (manifest.parent / "s1" / "letter.jpg").write_text("Dear Sir")
    Image.new("RGB", (90, 110), "white").save(manifest.parent / "s2" / "wall.png")
    write_manifest(folder_manifest(str(manifest.parent)), manifest)
    arguments = ["mask", str(manifest), "--out", str(tmp_path / "out"), "--template", "dlib", "--workers", "1"]
    assert main(arguments) == 0
    said = capsys.readouterr().out
    assert "20 of 22 photographs have a copy" in said
    assert "2 have none (1 unreadable, 1 no face found)" in said
    assert (tmp_path / "out" / "mask_left_out.csv").read_text().splitlines() == [
        "path,problem,reason",
        's1/letter.jpg,unreadable,"not an image, or of an unknown format"',
        "s2/wall.png,no face found,the detector yunet found none",
    ]


def test_originals_that_cannot_be_linked_are_counted_and_listed(
    manifest: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    listed, long = read_manifest(manifest), f"{'x' * 300}.pgm"
    (manifest.parent / "s1" / "loop.pgm").symlink_to("loop.pgm")
    os.mkfifo(manifest.parent / "s1" / "pipe.pgm")
    lost = [
        Photograph("s1/gone.pgm", "s1", "s1/gone.pgm", is_query=False),
        Photograph("s1/loop.pgm", "s1", "s1/loop.pgm"),
        Photograph("s1/pipe.pgm", "s1", "s1/pipe.pgm"),
        Photograph(long, "s2", long, is_query=False),
    ]
    write_manifest(Manifest(listed.root, (*lost, *listed.photographs)), manifest)
    arguments = ["mask", str(manifest), "--out", str(tmp_path / "out"), "--template", "dlib", "--workers", "1"]
    assert main(arguments) == 0
    said = capsys.readouterr().out
    assert "20 of 22 photographs have a copy" in said
    assert "2 have none (2 unreadable)" in said
    assert "4 originals cannot be read and are left out" in said
    rows = read_manifest(tmp_path / "out" / "mask.csv").photographs
    assert [row.path for row in rows[:20]] == [f"originals/{row.path}" for row in listed.photographs]
    assert len(rows) == 40
    assert (tmp_path / "out" / "mask_left_out.csv").read_text().splitlines() == [
        "path,problem,reason",
        "s1/loop.pgm,unreadable,Too many levels of symbolic links",
        "s1/pipe.pgm,unreadable,not a file",
        f"s1/gone.pgm,unreadable,The photograph {listed.root}/s1/gone.pgm does not exist.",
        f"{long},unreadable,The photograph {listed.root}/{long} cannot be read (File name too long).",
    ]


@pytest.mark.parametrize(
    ("path", "copy"),
    [
        ("Ann/1.jpg", "mask/Ann/1.jpg.png"),
        ("faces/Ann/Ann_0001.png", "mask/faces/Ann/Ann_0001.png"),
        ("Ann/1.PNG", "mask/Ann/1.PNG"),
        ("José (2)/a, b", "mask/José (2)/a, b.png"),
    ],
)
def test_a_copy_is_called_as_its_photograph(path: str, copy: str) -> None:
    assert copy_paths("mask", [path]) == {path: copy}


def test_every_copy_has_a_place_of_its_own_however_photographs_are_called(manifest: Path, tmp_path: Path) -> None:
    listed = read_manifest(manifest)
    names = [f"s1/{'n' * 251}", "s1/a.jpg", "s1/a.jpg.png", "s1/A.JPG"]
    for name, row in zip(names, listed.photographs, strict=False):
        listed.file(row).rename(manifest.parent / name)
    rows = (*(Photograph(name, "s1", name) for name in names), *listed.photographs[4:])
    write_manifest(Manifest(listed.root, rows), manifest)
    copies = occlude(request_for(manifest, tmp_path / "out"))
    assert copies.made == 20
    masked = read_manifest(copies.manifest).photographs[20:]
    assert [row.path for row in masked[1:4]] == ["mask/s1/a.jpg.png", "mask/s1/a.jpg~2.png", "mask/s1/A.JPG~3.png"]
    assert len({row.path.casefold() for row in masked}) == 20
    assert [row.source for row in masked] == [f"originals/{row.path}" for row in rows]
    assert verify(copies.manifest)[1] == []


def test_a_mask_that_cannot_be_seen_is_no_mask(manifest: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    draw = QueryMaker.__call__
    monkeypatch.setattr(
        "data_prep.copying.QueryMaker.__call__",
        lambda maker, face, name: face if name == "s1/1.pgm" else draw(maker, face, name),
    )
    copies = occlude(request_for(manifest, tmp_path / "out"))
    assert (copies.made, copies.problems) == (19, {UNCHANGED: 1})


def test_share_is_a_seeded_choice_that_grows(manifest: Path) -> None:
    rows = [Photograph(f"{number}.jpg", str(number % 9), f"{number}.jpg") for number in range(1000)]

    def chosen(share: float, seed: int) -> set[str]:
        request = replace(request_for(manifest, manifest.parent), share=share, seed=seed)
        return {row.path for row in rows if is_chosen(row.path, request)}

    assert 250 < len(chosen(0.3, 0)) < 350
    assert chosen(0.3, 0) < chosen(0.6, 0) < chosen(1.0, 0)
    assert chosen(0.3, 0) != chosen(0.3, 1)
    assert len(chosen(1.0, 0)) == 1000


def test_photographs_that_are_no_queries_get_no_copy(manifest: Path, tmp_path: Path) -> None:
    listed = read_manifest(manifest)
    rows = tuple(replace(row, is_query=row.identity == "s1") for row in listed.photographs)
    write_manifest(Manifest(listed.root, rows), manifest)
    copies = occlude(request_for(manifest, tmp_path / "out"))
    assert {row.identity for row in read_manifest(copies.manifest).photographs if row.is_query} == {"s1"}


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--share", "0"], "--share is 0.0"),
        (["--kinds", "scarf"], "unknown query.mask.kinds[0] 'scarf'"),
        (["--template", "paper"], "unknown template 'paper'"),
        (["--seed", "8"], "holds faces that were prepared otherwise"),
    ],
)
def test_mistakes_are_told_in_a_sentence(
    arguments: list[str], sentence: str, manifest: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    common = ["mask", str(manifest), "--out", str(tmp_path / "out"), "--workers", "1", "--share", "0.1"]
    assert main([*common, "--template", "dlib"]) == 0
    assert main([*common, "--template", "dlib", *arguments]) == 2
    assert sentence in capsys.readouterr().err


def test_without_a_template_it_is_that_of_the_manifest(manifest: Path, tmp_path: Path) -> None:
    listed = read_manifest(manifest)
    assert template_of(manifest) == "insightface"
    for number, row in enumerate(listed.photographs):
        picture = Image.fromarray(np.asarray(Image.open(listed.file(row)).convert("RGB").resize((150, 150))))
        picture.save(manifest.parent / f"{number}.png")
    rows = tuple(
        replace(row, path=f"{number}.png", source=f"{number}.png", aligned="dlib")
        for number, row in enumerate(listed.photographs)
    )
    write_manifest(Manifest(listed.root, rows), manifest)
    assert main(["mask", str(manifest), "--out", str(tmp_path / "out"), "--share", "0.2", "--workers", "1"]) == 0
    assert {row.aligned for row in read_manifest(tmp_path / "out" / "mask.csv").photographs} == {"dlib"}
    write_manifest(Manifest(listed.root, (*rows[:19], replace(rows[19], aligned="box_160"))), manifest)
    with pytest.raises(InputError, match="follow several templates: box_160, dlib"):
        template_of(manifest)


def test_faces_of_another_template_are_refused(manifest: Path, tmp_path: Path) -> None:
    listed = read_manifest(manifest)
    rows = tuple(replace(row, aligned="insightface") for row in listed.photographs)
    write_manifest(Manifest(listed.root, rows), manifest)
    with pytest.raises(InputError, match="give --template insightface"):
        occlude(request_for(manifest, tmp_path))
