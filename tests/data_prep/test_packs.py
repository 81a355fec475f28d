"""Verification packs of any Python are read exactly, and nothing in one is ever run."""

import io
import pickle
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from data_prep.__main__ import main
from data_prep.packs import Pack, open_pack, read_pack
from fdemd.data.manifest import read_manifest
from fdemd.errors import InputError
from fdemd.faces.reading import UnreadableImageError

PICTURES = [bytes(range(256)), b"\xff\xd8\xff\xe0 a JPEG", b"one more", bytes([0, 10, 13]) * 30_000]
PACK = Pack(tuple(PICTURES), (True, False))


def write(path: Path, content: object, protocol: int = 4) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else pickle.dumps(content, protocol))
    return path


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


def test_the_names_of_old_numpy_are_known(tmp_path: Path) -> None:
    content = pickle.dumps(([np.frombuffer(picture, np.uint8).copy() for picture in PICTURES], [True, False]), 2)
    old = content.replace(b"numpy._core.multiarray", b"numpy.core.multiarray")
    assert old != content
    assert read_pack(write(tmp_path / "agedb_30.bin", old)) == PACK


class Touch:
    """Creates a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (self.path,)


@pytest.mark.parametrize("protocol", range(6))
def test_code_is_refused_and_not_run(tmp_path: Path, protocol: int) -> None:
    touched = tmp_path / "touched"
    path = write(tmp_path / "lfw.bin", ([Touch(touched), b""], [True]), protocol)
    with pytest.raises(InputError, match=r"lfw\.bin is refused: its pickle asks for .*could run code"):
        read_pack(path)
    assert not touched.exists()
    pickle.loads(path.read_bytes())
    assert touched.exists(), "the test's pickle is as bad as it means to be"


@pytest.mark.parametrize(
    "content",
    [
        b"cos\nsystem\n(S'true'\ntR.",  # GLOBAL and REDUCE
        b"(S'true'\nios\nsystem\n.",  # INST
        b"(cos\nsystem\nS'true'\no.",  # OBJ
        b"\x80\x02cbuiltins\nset\n)\x81.",  # NEWOBJ
        b"\x80\x04\x8c\x02os\x8c\x06system\x93.",  # STACK_GLOBAL
        b"\x80\x02\x82\x01.",  # EXT1
        b"Pname\n.",  # PERSID
        b"\x80\x02}.",  # EMPTY_DICT
    ],
)
def test_every_way_to_name_an_object_is_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(InputError, match="is refused: its pickle"):
        read_pack(write(tmp_path / "lfw.bin", content))


@pytest.mark.parametrize("length", [0, 1, 20, 300, 90_000])
def test_a_pack_cut_short_is_told_from_an_unsafe_one(tmp_path: Path, length: int) -> None:
    content = pickle.dumps((PICTURES, [True, False]), 4)
    with pytest.raises(InputError, match=r"is not a whole pickle .* fetch it again"):
        read_pack(write(tmp_path / "lfw.bin", content[:length]))


@pytest.mark.parametrize("content", [b".", b"e.", b"h\x07.", b"\x85.", b"]]s.", b"K\1K\2b.", b"\x94.", b"I1x\n."])
def test_broken_pickles_are_no_crash(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(InputError):
        read_pack(write(tmp_path / "lfw.bin", content))


def shared_copies(times: int) -> bytes:
    """A pack of 1 MiB that asks for so many copies of its one string, each as bytes of its own."""
    text = b"X" + struct.pack("<I", 1 << 20) + b"a" * (1 << 20)  # BINUNICODE
    encoded = b"c_codecs\nencode\nh\x00X\x06\x00\x00\x00latin1\x86R"  # GLOBAL, BINGET, BINUNICODE, TUPLE2, REDUCE
    return b"\x80\x05" + text + b"q\x00](" + encoded * times + b"e](" + b"\x88\x89" * (times // 4) + b"e\x86."


def test_one_string_that_is_asked_for_a_thousand_times_is_not_copied(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="its pictures would take more bytes than the file itself"):
        read_pack(write(tmp_path / "lfw.bin", shared_copies(1000)))


@pytest.mark.parametrize("kind", [bytes, bytearray])
def test_a_picture_in_many_pairs_is_held_once(tmp_path: Path, kind: type) -> None:
    pack = read_pack(write(tmp_path / "lfw.bin", ([kind(b"a picture")] * 2000, [True, False] * 500), 5))
    assert len({id(image) for image in pack.images}) == 1


@pytest.mark.parametrize("opcode", [b"]", b")", b"(", b"N", b"]\x94", b"]\x85"])
def test_more_opcodes_than_pictures_need_are_refused(tmp_path: Path, opcode: bytes) -> None:
    with pytest.raises(InputError, match=r"is refused: its \d+ bytes have more opcodes than pictures need"):
        read_pack(write(tmp_path / "lfw.bin", b"\x80\x04" + opcode * 200_000 + b"."))


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
