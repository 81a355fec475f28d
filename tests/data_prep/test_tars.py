"""Tar archives: nothing that one says of itself is believed."""

import tarfile
from pathlib import Path

import pytest

from data_prep.opening import open_container
from fdemd.errors import InputError
from tests.data_prep.conftest import write_tar
from tests.data_prep.made_archives import FILES, content


@pytest.mark.parametrize(
    ("size", "sentence"),
    [
        (b"\xff" * 10 + b"\xfe\0", "a member of -512 bytes"),
        (b"\x80" + bytes(3) + b"\x7f" * 8, "points to byte|bytes at byte"),
        (b"77777777777\0", "a member of 8589934591 bytes at byte 512 of"),
        (b"nonsense...\0", "download it again"),
    ],
)
@pytest.mark.parametrize("kind", [tarfile.REGTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.XHDTYPE])
def test_no_size_in_a_tar_is_believed(tmp_path: Path, size: bytes, sentence: str, kind: bytes) -> None:
    header = bytearray(tarfile.TarInfo("set/Ann/0.jpg").tobuf(tarfile.USTAR_FORMAT))
    header[124:136], header[156:157], header[148:156] = size, kind, b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    path = tmp_path / "a.tar"
    path.write_bytes(bytes(header) + write_tar(tmp_path / "rest.tar", FILES).read_bytes())
    wanted = sentence if kind == tarfile.REGTYPE else r"a header at byte \d+ claims -?\d+ bytes|download it again"
    with pytest.raises(InputError, match=wanted):
        open_container(path, tmp_path / "work").listing()


@pytest.mark.parametrize(
    ("fields", "is_whole"),
    [
        (b"21 path=set/Cy/3.jpg\n", True),
        (b"2 " * 600 + b"=", False),
        (b"99 path=set/Cy/3.jpg\n", False),
        (b"0 path=x\n", False),
        (b"6 a=b\n" * 2000, False),
    ],
)
def test_fields_of_a_tar_are_as_long_as_they_say(tmp_path: Path, fields: bytes, is_whole: bool) -> None:
    header = tarfile.TarInfo("fields")
    header.type, header.size = tarfile.XHDTYPE, len(fields)
    block = fields.ljust(-(-len(fields) // tarfile.BLOCKSIZE) * tarfile.BLOCKSIZE, b"\0")
    rest = write_tar(tmp_path / "rest.tar", {"set/Ann/1.jpg": b"first"}).read_bytes()
    (tmp_path / "a.tar").write_bytes(header.tobuf(tarfile.USTAR_FORMAT) + block + rest)
    if is_whole:
        assert content(open_container(tmp_path / "a.tar", tmp_path / "work")) == {"set/Cy/3.jpg": b"first"}
    else:
        with pytest.raises(InputError, match="fields of wrong lengths, or too many"):
            open_container(tmp_path / "a.tar", tmp_path / "work").listing()


@pytest.mark.parametrize("cut", [0, 512, 700, 2048])
def test_a_tar_without_the_mark_at_its_end_was_cut_short(tmp_path: Path, cut: int) -> None:
    whole = write_tar(tmp_path / "a.tar", FILES).read_bytes()
    end = whole.rindex(b"second") // 512 * 512 + 512
    assert not any(whole[end:])
    (tmp_path / "a.tar").write_bytes(whole[: end - cut])
    with pytest.raises(InputError, match="download it again"):
        open_container(tmp_path / "a.tar", tmp_path / "work").listing()


def test_a_damaged_header_is_not_taken_for_the_end(tmp_path: Path) -> None:
    path = write_tar(tmp_path / "a.tar", FILES)
    path.write_bytes(path.read_bytes().replace(b"set/Bob", b"set/Rob"))
    with pytest.raises(InputError, match=r"the header at byte 1024 is damaged\); download it again"):
        open_container(path, tmp_path / "work").listing()
