"""Only a file is opened; what would never end or never begin is refused at once."""

import os
from pathlib import Path

import pytest

from fdemd.files.regular import open_regular


def test_a_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"content")
    (tmp_path / "link").symlink_to("file")
    for name in ("file", "link"):
        with open_regular(tmp_path / name) as file:
            assert file.read() == b"content"


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("pipe", "not a file"),
        ("/dev/zero", "not a file"),
        ("folder", "Is a directory"),
        ("none", "No such file or directory"),
    ],
)
def test_what_is_no_file_has_its_reason(tmp_path: Path, name: str, reason: str) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError) as error:
        open_regular(tmp_path / name)
    assert error.value.strerror == reason
    assert error.value.filename is not None
