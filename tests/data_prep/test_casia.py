"""CASIA-WebFace as its tree and as InsightFace packs it: the same kind of set, with what is damaged told by number."""

import io
import os
import pickle
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from data_prep.__main__ import main
from data_prep.casia import open_casia
from data_prep.sources import Unused
from fdemd.data.manifest_file import read_manifest
from fdemd.errors import InputError
from fdemd.faces.reading import UnreadableImageError
from tests.data_prep.made_records import jpeg, pack


def spoil(file: Path, position: int) -> None:
    with file.open("r+b") as opened:
        opened.seek(position)
        opened.write(b"????")


def test_packed_faces_are_read_by_label_and_number(tmp_path: Path) -> None:
    pack(tmp_path / "faces_webface_112x112")
    source = open_casia([tmp_path], tmp_path / "work")
    assert [(item.name, item.identity, item.split) for item in source.items] == [
        ("000000/00000001", "000000", "train"),
        ("000000/00000002", "000000", "train"),
        ("000000/00000003", "000000", "train"),
        ("000001/00000004", "000001", "train"),
        ("000001/00000005", "000001", "train"),
        ("000010/00000006", "000010", "train"),
    ]
    assert [source.read(item) for item in source.items] == [jpeg(number) for number in range(1, 7)]
    assert [item.size for item in source.items] == [len(jpeg(number)) for number in range(1, 7)]
    assert (source.aligned, source.official, source.unused) == ("insightface", (6, 3), ())


def test_the_source_can_be_sent_to_another_process(tmp_path: Path) -> None:
    pack(tmp_path)
    source = pickle.loads(pickle.dumps(open_casia([tmp_path / "train.rec"], tmp_path / "work")))
    assert source.read(source.items[0]) == jpeg(1)


def test_damaged_records_are_told_by_number_and_the_rest_kept(tmp_path: Path) -> None:
    positions = pack(tmp_path)
    spoil(tmp_path / "train.rec", positions[2])
    source = open_casia([tmp_path], tmp_path / "work")
    assert source.unused == (Unused("record 2", f"byte {positions[2]} should begin with the magic word"),)
    assert [source.read(item) for item in source.items] == [jpeg(number) for number in (1, 3, 4, 5, 6)]
    assert source.official == (6, 3), "what the set should have is known all the same"


@pytest.mark.parametrize("label", [float("nan"), float("inf"), 7.5])
def test_a_label_that_is_nobodys_number_is_reported(tmp_path: Path, label: float) -> None:
    positions = pack(tmp_path)
    with (tmp_path / "train.rec").open("r+b") as file:
        file.seek(positions[4] + 12)
        file.write(struct.pack("<f", label))
    source = open_casia([tmp_path], tmp_path / "work")
    assert source.unused == (Unused("record 4", f"its label is {label}, which is nobody's number"),)
    assert len(source.items) == 5


def test_records_that_were_replaced_after_they_were_listed_are_unreadable(tmp_path: Path) -> None:
    pack(tmp_path)
    source = open_casia([tmp_path], tmp_path / "work")
    pack(tmp_path, encoded=lambda label, number: jpeg(number)[:-4] + b"    ")
    with pytest.raises(UnreadableImageError, match=r"train\.rec was replaced while it was read"):
        source.read(source.items[0])


def test_what_the_index_leaves_out_or_has_twice_is_reported(tmp_path: Path) -> None:
    positions = pack(tmp_path)
    at = {number: positions[number] for number in (0, 1, 3, 4)} | {5: positions[4]}
    (tmp_path / "train.idx").write_text("".join(f"{number}\t{position}\n" for number, position in at.items()))
    source = open_casia([tmp_path], tmp_path / "work")
    assert [source.read(item) for item in source.items] == [jpeg(number) for number in (1, 3, 4)]
    left = [number for number in positions if number not in (0, 1, 3, 4)]
    assert source.unused == (
        Unused("record 5", f"the index has it at byte {positions[4]}, where it has record 4"),
        *(
            Unused(
                f"the record at byte {positions[number]}",
                "train.idx does not list it; without that file it is taken too",
            )
            for number in left
        ),
    )


def test_without_an_index_the_same_pictures_are_found(tmp_path: Path) -> None:
    pack(tmp_path)
    (tmp_path / "train.idx").unlink()
    source = open_casia([tmp_path], tmp_path / "work")
    assert [source.read(item) for item in source.items] == [jpeg(number) for number in range(1, 7)]
    assert source.official == (6, 3)


def test_a_record_that_is_damaged_later_is_unreadable(tmp_path: Path) -> None:
    positions = pack(tmp_path)
    source = open_casia([tmp_path], tmp_path / "work")
    before = (tmp_path / "train.rec").stat()
    spoil(tmp_path / "train.rec", positions[1])
    os.utime(tmp_path / "train.rec", ns=(before.st_atime_ns, before.st_mtime_ns))  # as a disk does it
    with pytest.raises(UnreadableImageError, match="record 1: byte 0 should begin"):
        source.read(source.items[0])
    (tmp_path / "train.rec").unlink()
    with pytest.raises(UnreadableImageError, match="No such file"):
        source.read(source.items[0])


def test_other_sets_that_mxnet_packed_are_photographs(tmp_path: Path) -> None:
    pack(tmp_path, size=(90, 120))
    (tmp_path / "property").unlink()
    source = open_casia([tmp_path], tmp_path / "work")
    assert (source.aligned, source.official, len(source.items)) == ("", None, 6)


@pytest.mark.parametrize("packed", [True, False])
def test_the_tree_is_read_from_a_folder_or_an_archive(tmp_path: Path, packed: bool) -> None:
    members = {
        "CASIA-WebFace/0000045/001.jpg": jpeg(1),
        "CASIA-WebFace/0000045/002.jpg": jpeg(2),
        "CASIA-WebFace/0000099/001.jpg": jpeg(3),
        "CASIA-WebFace/readme.txt": b"Dear Sir",
        "CASIA-WebFace/names/001.jpg": jpeg(4),
    }
    if packed:
        with zipfile.ZipFile(tmp_path / "CASIA-WebFace.zip", "w") as archive:
            for name, content in members.items():
                archive.writestr(name, content)
        path = tmp_path / "CASIA-WebFace.zip"
    else:
        path = tmp_path / "CASIA-WebFace"
        for name, content in members.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_bytes(content)
    source = open_casia([path], tmp_path / "work")
    assert [(item.name, item.identity, item.split) for item in source.items] == [
        ("0000045/001", "0000045", "train"),
        ("0000045/002", "0000045", "train"),
        ("0000099/001", "0000099", "train"),
    ]
    assert source.read(source.items[2]) == jpeg(3)
    assert [Path(unused.name).name for unused in source.unused] == ["001.jpg", "readme.txt"]
    assert (source.aligned, source.official) == ("", (494414, 10575))


def test_the_command_keeps_packed_faces_pixel_for_pixel(tmp_path: Path) -> None:
    positions = pack(tmp_path / "casia")
    spoil(tmp_path / "casia" / "train.rec", positions[5])
    (tmp_path / "lfw.txt").write_text("10\n")
    out = tmp_path / "out"
    command = ["casia", "--source", str(tmp_path / "casia"), "--out", str(out), "--workers", "1"]
    assert main([*command, "--exclude", str(tmp_path / "lfw.txt")]) == 0
    rows = read_manifest(out / "manifest.csv").photographs
    assert [(row.path, row.identity, row.split, row.aligned) for row in rows] == [
        ("faces/000000/00000001.png", "000000", "train", "insightface"),
        ("faces/000000/00000002.png", "000000", "train", "insightface"),
        ("faces/000000/00000003.png", "000000", "train", "insightface"),
        ("faces/000001/00000004.png", "000001", "train", "insightface"),
    ]
    for number, row in enumerate(rows, start=1):
        expected = np.asarray(Image.open(io.BytesIO(jpeg(number))))
        np.testing.assert_array_equal(np.asarray(Image.open(out / row.path)), expected)
    unused = (out / "unused.csv").read_text()
    assert "record 5" in unused
    assert "its person is excluded by lfw.txt" in unused


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("property", b"10572", "must hold people,height,width"),
        ("second.rec", b"", "several files of records"),
        ("train.rec", b"\x0a\x23\xd7\xce" + bytes(4), "None of the 10 records"),
    ],
)
def test_mistakes_are_told_in_a_sentence(tmp_path: Path, name: str, content: bytes, sentence: str) -> None:
    pack(tmp_path)
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=sentence):
        open_casia([tmp_path], tmp_path / "work")
