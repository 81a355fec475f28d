"""Opening a downloaded path as a container."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import io
import lzma
import os
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

from data_prep.archives import BROKEN, check_growth, explained, stamp_of
from data_prep.containers import ARCHIVE, Container, Folder
from data_prep.tars import Tar
from data_prep.zips import Zip
from fdemd.errors import InputError
from fdemd.files.user_paths import check_file, check_folder
from fdemd.files.writing import atomic_write

_Opener = Callable[[Path], io.BufferedIOBase]
_COMPRESSED: dict[bytes, _Opener] = {b"\x1f\x8b": gzip.GzipFile, b"BZh": bz2.BZ2File, b"\xfd7zXZ\x00": lzma.LZMAFile}
"""First bytes of a compressed file -> how to open it."""
_ADVICE = "give what you downloaded with --source"


def check_download(path: Path) -> Path:
    """Return a path of ``--source`` if it is a file or a folder that can be read.

    Raises:
        InputError: It does not exist or must not be read.
    """
    if os.path.isdir(path):  # noqa: PTH112 - unlike Path.is_dir it never raises
        return check_folder(path, "The folder", _ADVICE)
    return check_file(path, "The download", _ADVICE)


def open_container(path: Path, work: Path) -> Container:
    """Open a folder, archive or single file; a compressed tar is decompressed to one tar file in ``work``.

    Raises:
        InputError: It does not exist, or the archive cannot be used.
    """
    if check_download(path).is_dir():
        return Folder(path)
    with path.open("rb") as file:
        start = file.read(max(map(len, _COMPRESSED)))
    openers = [opener for magic, opener in _COMPRESSED.items() if start.startswith(magic)]
    archive = _expanded(path, openers[0], work) if openers else path
    if _is_tar(archive):  # first, as a tar whose last member is a zip looks like one
        return Tar(archive, stamp_of(archive.stat()))
    if zipfile.is_zipfile(path):
        return Zip(path, stamp_of(path.stat()))
    if ARCHIVE.search(path.name):
        raise InputError(
            f"{path} is damaged or not an archive of a known kind (.zip, .tar, .tar.gz, .tgz, .tar.bz2, .tar.xz); "
            "download it again, or unpack it yourself and give the folder."
        )
    return Folder(path)


def _expanded(path: Path, opener: _Opener, work: Path) -> Path:
    """Decompress an archive to one file in ``work``, and return its path."""
    # Two downloads may have one name.
    target = work / f"{hashlib.sha256(os.fsencode(path.resolve())).hexdigest()[:16]}.expanded"
    written = 0
    with explained(path):
        packed = opener(path)
    with packed, atomic_write(target, "choose another --out") as file:
        while block := _block(packed, path):
            written += len(block)
            check_growth(path, written)
            file.write(block)
    return target


def _block(packed: io.BufferedIOBase, path: Path) -> bytes:
    with explained(path):
        return packed.read(1 << 20)


def _is_tar(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return tarfile.TarInfo.frombuf(file.read(tarfile.BLOCKSIZE), "utf-8", "surrogateescape") is not None
    except BROKEN:
        return False
