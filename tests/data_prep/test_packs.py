"""Verification packs of any Python are read exactly, and nothing in one is ever run."""

import io
import pickle
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from data_prep.__main__ import main
from data_prep.packs import open_pack, read_pack
from fdemd.data.manifest_file import read_manifest
from fdemd.errors import InputError
from fdemd.faces.reading import UnreadableImageError
from tests.data_prep.made_packs import PACK, PICTURES, write


def python_2_pack(pictures: list[bytes]) -> bytes:
    """What ``pickle.dump((pictures, same), file, 2)`` of Python 2.7 writes, opcode by opcode (pickletools)."""
    content = b"\x80\x02]q\x00("  # PROTO 2, EMPTY_LIST, BINPUT 0, MARK
    for number, picture in enumerate(pictures, start=1):
        short = len(picture) < 256
        content += (b"U" + bytes([len(picture)])) if short else (b"T" + struct.pack("<i", len(picture)))
        content += picture + b"q" + bytes([number])  # (SHORT_)BINSTRING, BINPUT
    return content + b"e]q\x64(\x88\x89e\x86q\x65."  # APPENDS, the list of NEWTRUE and NEWFALSE, TUPLE2, STOP


@pytest.mark.parametrize("protocol", range(6))
def test_packs_of_python_3_are_read_exactly(tmp_path: Path, protocol: int) -> None:
    assert read_pack(write(tmp_path / "lfw.bin", (PICTURES, [True, False]), protocol)) == PACK


def test_packs_of_python_2_are_read_exactly(tmp_path: Path) -> None:
    content = python_2_pack(PICTURES)
    assert pickle.loads(content, encoding="bytes") == (PICTURES, [True, False]), "the test's writer is right"
    assert read_pack(write(tmp_path / "lfw.bin", content)) == PACK


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("shape", [(-1,), (-1, 1), (1, -1)])
def test_pictures_may_be_arrays_as_opencv_encodes_them(tmp_path: Path, protocol: int, shape: tuple[int, ...]) -> None:
    arrays = [np.frombuffer(picture, np.uint8).copy().reshape(shape) for picture in PICTURES]
    assert read_pack(write(tmp_path / "calfw.bin", (arrays, [1, 0]), protocol)) == PACK


@pytest.mark.parametrize("kind", [bytes, bytearray])
def test_a_picture_in_many_pairs_is_held_once(tmp_path: Path, kind: type) -> None:
    pack = read_pack(write(tmp_path / "lfw.bin", ([kind(b"a picture")] * 2000, [True, False] * 500), 5))
    assert len({id(image) for image in pack.images}) == 1


def test_a_pack_that_was_replaced_is_read_anew_or_told(tmp_path: Path) -> None:
    path = write(tmp_path / "lfw.bin", ([b"old", b"old", b"old", b"old"], [True, False]))
    source = open_pack([path], tmp_path)
    assert source.read(source.items[0]) == b"old"
    write(path, ([b"newer"] * 4, [True, False]))
    with pytest.raises(UnreadableImageError, match=r"lfw\.bin was replaced while it was read"):
        source.read(source.items[0])
    again = open_pack([path], tmp_path)
    assert again.read(again.items[0]) == b"newer"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (PICTURES, "is not a verification pack"),
        ((PICTURES, [True], []), "is not a verification pack"),
        ((PICTURES, [True]), "4 pictures for 1 pairs"),
        ((PICTURES, [True, 2]), "pair 1 is marked 2"),
        ((PICTURES, [True, 10**600]), "pair 1 is marked a int"),
        ((["a.jpg", b""], [True]), "picture 0 is 'a.jpg'"),
        (([b"", None], [True]), "picture 1 is a NoneType"),
        (([b"", np.zeros((3, 3), np.uint8)], [True]), "picture 1 is an array that is not a row of bytes"),
        (([b"", np.zeros(3, np.float32)], [True]), "picture 1 is an array that is not a row of bytes"),
    ],
)
def test_what_is_no_pack_is_said_in_a_sentence(tmp_path: Path, content: object, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        read_pack(write(tmp_path / "lfw.bin", content))


def test_a_missing_pack_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"lfw\.bin cannot be read"):
        read_pack(tmp_path / "lfw.bin")


def face(number: int) -> bytes:
    """An encoded picture of 112x112 pixels."""
    small = np.random.default_rng(number).integers(0, 256, (6, 6, 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(small).resize((112, 112)).save(file, "JPEG")
    return file.getvalue()


def test_the_command_writes_faces_and_a_list_of_pairs_as_of_lfw(tmp_path: Path) -> None:
    pictures = [face(number) for number in range(8)]
    path = write(tmp_path / "lfw.bin", (pictures, [False, True, True, False]))
    out = tmp_path / "out"
    assert main(["pack", "--source", str(path), "--out", str(out), "--workers", "1"]) == 0
    assert (out / "lists" / "pairs.txt").read_text().split("\n") == [
        "1\t2",
        "pair_0002\t1\t2",
        "pair_0003\t1\t2",
        "pair_0001_a\t1\tpair_0001_b\t1",
        "pair_0004_a\t1\tpair_0004_b\t1",
        "",
    ]
    rows = read_manifest(out / "manifest.csv").photographs
    assert len(rows) == 8
    assert {(row.is_query, row.is_gallery, row.split, row.aligned) for row in rows} == {
        (False, False, "pairs", "insightface")
    }
    found = np.asarray(Image.open(out / "faces/pair_0004_b/pair_0004_b_0001.png"))
    np.testing.assert_array_equal(found, np.asarray(Image.open(io.BytesIO(pictures[7]))))


def test_ten_folds_are_consecutive_tenths(tmp_path: Path) -> None:
    same = [True, True, False, False] * 10
    path = write(tmp_path / "lfw.bin", ([b"face"] * 80, same))
    lines = open_pack([path], tmp_path).lists["pairs.txt"].decode().splitlines()
    assert lines[0] == "10\t2"
    assert [len(line.split("\t")) == 3 for line in lines[1:]] == same


def test_a_damaged_picture_is_named_and_the_rest_kept(tmp_path: Path) -> None:
    path = write(tmp_path / "lfw.bin", ([face(0), b"\xff\xd8 cut", face(2), face(3)], [True, False]))
    assert main(["pack", "--source", str(path), "--out", str(tmp_path / "out"), "--workers", "1"]) == 0
    assert len(read_manifest(tmp_path / "out" / "manifest.csv")) == 3
    assert "pair_0001/pair_0001_0002,unreadable" in (tmp_path / "out" / "unused.csv").read_text()


@pytest.mark.parametrize("same", [[True, True], [], [True, False, True]])
def test_pairs_that_lfw_cannot_list_are_refused(tmp_path: Path, same: list[bool]) -> None:
    path = write(tmp_path / "lfw.bin", ([b"face"] * 2 * len(same), same))
    with pytest.raises(InputError, match="need as many of each"):
        open_pack([path], tmp_path)
