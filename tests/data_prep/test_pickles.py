"""A pickle is read as data: nothing that it names is looked up or called."""

import pickle
import struct
from pathlib import Path

import numpy as np
import pytest

from data_prep.packs import read_pack
from fdemd.errors import InputError
from tests.data_prep.made_packs import PACK, PICTURES, write


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


@pytest.mark.parametrize("opcode", [b"]", b")", b"(", b"N", b"]\x94", b"]\x85"])
def test_more_opcodes_than_pictures_need_are_refused(tmp_path: Path, opcode: bytes) -> None:
    with pytest.raises(InputError, match=r"is refused: its \d+ bytes have more opcodes than pictures need"):
        read_pack(write(tmp_path / "lfw.bin", b"\x80\x04" + opcode * 200_000 + b"."))
