"""Archives of every kind are read alike; those that are damaged or not safe are refused in a sentence."""

import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from data_prep import archives
from data_prep.opening import open_container
from fdemd.errors import InputError
from fdemd.faces.reading import UnreadableImageError
from tests.data_prep.conftest import write_tar, write_zip
from tests.data_prep.made_archives import FILES, content


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


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist; give what you downloaded"):
        open_container(tmp_path / "lfw.tgz", tmp_path)
