"""Photographs in an archive, read in place."""

import io
import tarfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fdemd.bench.archive import photographs_in
from fdemd.errors import InputError


def test_photographs_are_read_in_place(tmp_path: Path) -> None:
    contents = []
    with tarfile.open(tmp_path / "lfw.tar", "w") as archive:
        for level in (40, 200):
            file = io.BytesIO()
            Image.new("RGB", (30, 20), (level, level, level)).save(file, "JPEG")
            contents.append(file.getvalue())
            member = tarfile.TarInfo(f"lfw/Ann/Ann_{level}.jpg")
            member.size = len(contents[-1])
            archive.addfile(member, io.BytesIO(contents[-1]))
        archive.addfile(tarfile.TarInfo("lfw/notes.txt"))
    found = photographs_in(tmp_path / "lfw.tar")
    assert [photograph.name for photograph in found] == ["lfw/Ann/Ann_40.jpg", "lfw/Ann/Ann_200.jpg"]
    assert [photograph.content() for photograph in found] == contents
    assert np.abs(found[1].read().astype(int) - 200).max() < 3


def test_an_archive_without_photographs_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.tar").write_bytes(b"no archive" * 200)
    with tarfile.open(tmp_path / "b.tar", "w") as archive:
        archive.addfile(tarfile.TarInfo("notes.txt"))
    for name, sentence in (("a.tar", "no tar archive"), ("b.tar", "no photographs"), ("c.tar", "c.tar")):
        with pytest.raises(InputError, match=sentence):
            photographs_in(tmp_path / name)
