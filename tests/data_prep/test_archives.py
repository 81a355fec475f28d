"""Archives of every kind are read alike; those that are damaged or not safe are refused in a sentence."""

import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from data_prep import archives, containers
from data_prep.containers import Container
from data_prep.opening import open_container
from fdemd.errors import InputError
from fdemd.faces.reading import UnreadableImageError
from tests.data_prep.conftest import write_tar, write_tree, write_zip

FILES = {"set/Ann/1.jpg": b"first", "set/Bob/2.jpg": b"second" * 1000}


def content(container: Container) -> dict[str, bytes]:
    return {member.path: container.read(member.key, member.size) for member in container.listing().members}


@pytest.mark.parametrize("name", ["a.tar", "a.tgz", "a.tar.bz2", "a.tar.xz", "a.zip", "tree"])
def test_every_kind_is_read_alike(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    if name == "tree":
        write_tree(path, FILES)
    elif name == "a.zip":
        write_zip(path, FILES)
    else:
        write_tar(path, FILES, {"tar": "w", "tgz": "w:gz", "bz2": "w:bz2", "xz": "w:xz"}[name.split(".")[-1]])
    assert content(open_container(path, tmp_path / "work")) == FILES


@pytest.mark.parametrize(
    "member", ["../../outside.jpg", "/etc/outside.jpg", "C:\\outside.jpg", "set\\..\\..\\outside.jpg"]
)
@pytest.mark.parametrize("write", [write_tar, write_zip])
def test_members_that_lead_out_are_refused(tmp_path: Path, member: str, write: Callable[..., Path]) -> None:
    archive = write(tmp_path / "archive", FILES | {member: b"x"})
    with pytest.raises(InputError, match=r"is not safe: its member .*leads out"):
        open_container(archive, tmp_path / "work").listing()


def test_links_and_devices_are_not_followed(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        for kind, name in (
            (tarfile.SYMTYPE, "soft.jpg"),
            (tarfile.LNKTYPE, "hard.jpg"),
            (tarfile.FIFOTYPE, "pipe.jpg"),
        ):
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname = kind, "/etc/passwd"
            archive.addfile(entry)
    link = zipfile.ZipInfo("soft.jpg")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as zipped:
        zipped.writestr(link, "/etc/passwd")
    for name, links in (("a.tar", 3), ("a.zip", 1)):
        members, unused = open_container(tmp_path / name, tmp_path / "work").listing()
        assert not members
        assert len(unused) == links


@pytest.mark.parametrize("name", ["bomb.zip", "bomb.tar.gz"])
def test_an_archive_that_swells_beyond_measure_is_refused(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archives, "ALWAYS_ALLOWED", 1 << 20)
    bomb = {"set/Ann/1.jpg": bytes(8 << 20)}
    path = write_zip(tmp_path / name, bomb) if name.endswith("zip") else write_tar(tmp_path / name, bomb, "w:gz")
    with pytest.raises(InputError, match=r"is not safe: its \d+ bytes would unpack to"):
        open_container(path, tmp_path / "work").listing()
    assert sum(file.stat().st_size for file in tmp_path.rglob("*.expanded")) <= 2 << 20


def test_a_zip_gives_no_more_bytes_than_it_announced(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", {"a.jpg": bytes(100_000)})
    lying = path.read_bytes().replace((100_000).to_bytes(4, "little"), (1000).to_bytes(4, "little"))
    path.write_bytes(lying)
    container = open_container(path, tmp_path / "work")
    (member,) = container.listing().members
    assert member.size == 1000
    with pytest.raises(UnreadableImageError, match=r"damaged in a\.zip"):
        container.read(member.key, member.size)


def test_a_file_too_large_for_a_photograph_and_an_archive_inside_are_not_offered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(containers, "LARGEST_MEMBER", 100)
    path = write_tar(tmp_path / "a.tar", {"large.jpg": bytes(101), "inner.zip": b"PK", "right.jpg": b"x"})
    members, unused = open_container(path, tmp_path / "work").listing()
    assert [member.path for member in members] == ["right.jpg"]
    assert [entry.name for entry in unused] == ["large.jpg", "inner.zip"]


def test_a_zip_with_a_password_says_what_to_do(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "AgeDB.zip", {"a.jpg": b"x"})
    locked = bytearray(path.read_bytes())
    locked[locked.rindex(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(locked)
    with pytest.raises(InputError, match="locked with a password; unpack it"):
        open_container(path, tmp_path / "work").listing()


@pytest.mark.parametrize("name", ["a.tar", "a.tgz", "a.zip"])
def test_a_download_that_was_cut_short_is_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    if name == "a.zip":
        write_zip(path, FILES)
    else:
        write_tar(path, FILES, "w:gz" if name == "a.tgz" else "w")
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2] if name != "a.tar" else whole[:3000])
    with pytest.raises(InputError, match="download it again"):
        open_container(path, tmp_path / "work").listing()


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


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_zips_of_every_method_are_read_and_swell_no_further_than_they_say(tmp_path: Path, method: int) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr("Ann/1.jpg", bytes(3_000_000))
    assert content(open_container(path, tmp_path / "work")) == {"Ann/1.jpg": bytes(3_000_000)}
    path.write_bytes(path.read_bytes().replace((3_000_000).to_bytes(4, "little"), (1000).to_bytes(4, "little")))
    container = open_container(path, tmp_path / "work")
    (member,) = container.listing().members
    with pytest.raises(UnreadableImageError, match=r"damaged in a\.zip"):
        container.read(member.key, member.size)


def test_a_flipped_bit_in_a_zip_is_damage(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("Ann/1.jpg", b"content")
    path.write_bytes(path.read_bytes().replace(b"content", b"konTent", 1))
    container = open_container(path, tmp_path / "work")
    (member,) = container.listing().members
    with pytest.raises(UnreadableImageError, match="not those that the archive announces"):
        container.read(member.key, member.size)


@pytest.mark.parametrize("write", [write_tar, write_zip])
def test_an_archive_that_is_replaced_is_noticed(tmp_path: Path, write: Callable[..., Path]) -> None:
    path = write(tmp_path / "archive", FILES)
    container = open_container(path, tmp_path / "work")
    (member, *_) = container.listing().members
    assert container.read(member.key, member.size) == b"first"
    write(path, {"set/Ann/1.jpg": b"another picture"})
    with pytest.raises(UnreadableImageError, match="archive was replaced while it was read"):
        container.read(member.key, member.size)
    assert content(open_container(path, tmp_path / "work")) == {"set/Ann/1.jpg": b"another picture"}
    path.unlink()
    with pytest.raises(UnreadableImageError, match="No such file"):
        container.read(member.key, member.size)


def test_a_path_longer_than_any_system_has_is_listed(tmp_path: Path) -> None:
    path = write_tar(tmp_path / "a.tar", FILES | {"n" * 5000: b"x"})
    members, unused = open_container(path, tmp_path / "work").listing()
    assert len(members) == 2
    assert unused == [("n" * 200 + "...", "5000 letters, more than a path may have")]


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist; give what you downloaded"):
        open_container(tmp_path / "lfw.tgz", tmp_path)
