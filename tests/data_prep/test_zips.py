"""Zip archives: every method, no more bytes than announced, and every flipped bit."""

import zipfile
from pathlib import Path

import pytest

from data_prep.opening import open_container
from fdemd.errors import InputError
from fdemd.faces.reading import UnreadableImageError
from tests.data_prep.conftest import write_zip
from tests.data_prep.made_archives import content


def test_a_zip_gives_no_more_bytes_than_it_announced(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", {"a.jpg": bytes(100_000)})
    lying = path.read_bytes().replace((100_000).to_bytes(4, "little"), (1000).to_bytes(4, "little"))
    path.write_bytes(lying)
    container = open_container(path, tmp_path / "work")
    (member,) = container.listing().members
    assert member.size == 1000
    with pytest.raises(UnreadableImageError, match=r"damaged in a\.zip"):
        container.read(member.key, member.size)


def test_a_zip_with_a_password_says_what_to_do(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "AgeDB.zip", {"a.jpg": b"x"})
    locked = bytearray(path.read_bytes())
    locked[locked.rindex(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(locked)
    with pytest.raises(InputError, match="locked with a password; unpack it"):
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
