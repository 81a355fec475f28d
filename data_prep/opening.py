"""From a path that the user gave to a container."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

from data_prep.archives import BROKEN, Tar, Zip, check_growth, explained
from data_prep.containers import ARCHIVE, Container, Folder
from fdemd.errors import InputError

_Opener = Callable[[Path], io.BufferedIOBase]
_COMPRESSED: dict[bytes, _Opener] = {b"\x1f\x8b": gzip.GzipFile, b"BZh": bz2.BZ2File, b"\xfd7zXZ\x00": lzma.LZMAFile}
"""First bytes of a compressed file -> how to open it."""


def open_container(path: Path, work: Path) -> Container:
    """The folder, archive or single file at ``path``; a compressed tar is expanded to one tar file in ``work``.

    Raises:
        InputError: there is no such thing, or the archive cannot be used.
    """
    if path.is_dir():
        return Folder(path)
    if not path.is_file():
        raise InputError(f"{path} does not exist; give what you downloaded with --source.")
    if zipfile.is_zipfile(path):
        return Zip(path)
    with path.open("rb") as file:
        start = file.read(max(map(len, _COMPRESSED)))
    openers = [opener for magic, opener in _COMPRESSED.items() if start.startswith(magic)]
    archive = _expanded(path, openers[0], work) if openers else path
    if _is_tar(archive):
        return Tar(archive)
    if ARCHIVE.search(path.name):
        raise InputError(
            f"{path} is damaged or not an archive of a known kind (.zip, .tar, .tar.gz, .tgz, .tar.bz2, .tar.xz); "
            "download it again, or unpack it yourself and give the folder."
        )
    return Folder(path)


def _expanded(path: Path, opener: _Opener, work: Path) -> Path:
    """The archive without its compression, as one file in ``work``."""
    work.mkdir(parents=True, exist_ok=True)
    target, written = work / f"{path.name}.expanded", 0
    with explained(path), opener(path) as packed, target.open("wb") as file:
        while block := packed.read(1 << 20):
            written += len(block)
            check_growth(path, written)
            file.write(block)
    return target


def _is_tar(path: Path) -> bool:
    try:
        return tarfile.is_tarfile(path)
    except BROKEN:
        return False
