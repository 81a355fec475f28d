"""Tar archives without compression, in which any member can be read directly."""

from __future__ import annotations

import io
import tarfile
from typing import cast

from data_prep.archives import Archive, explained, member_path
from data_prep.containers import Listing, Member
from fdemd.faces.reading import UnreadableImageError

_LARGEST_HEADER, _MOST_FIELDS, _MOST_COMMON_FIELDS = 1 << 20, 1000, 100
"""Bytes of a header with its long names, fields of one and fields that hold for all members; real ones have a tenth."""


class Tar(Archive):
    """A tar archive."""

    def listing(self) -> Listing:
        """List every file in the archive."""
        found = Listing([], [])
        with explained(self.path), _Bounded(io.FileIO(self.path)) as file:
            archive = tarfile.TarFile(fileobj=file, tarinfo=_Header)
            before = -1
            while entry := archive.next():
                archive.members = []  # type: ignore[attr-defined]  # a list of all would take gigabytes for large sets
                _check(entry, file.length, before < archive.offset, len(archive.pax_headers))
                before = archive.offset
                path = member_path(entry.name, self.path)
                if entry.isreg() and not entry.issparse():
                    found.offer(Member(path, entry.size, str(entry.offset_data)))
                elif not entry.isdir():
                    found.refuse(path, "a link or not a file")
            file.check_end(archive.offset)
            if rest := file.bytes_after(archive.offset):
                found.refuse(
                    f"{rest} bytes",
                    f"they follow the end that {self.path.name} marks; if archives were joined, give each by itself",
                )
        return found

    def read(self, key: str, size: int) -> bytes:
        """Return the content of a member."""
        with self.opened() as file:
            file.seek(int(key))
            content = file.read(size)
        if len(content) != size:
            raise UnreadableImageError(f"cut short in {self.path.name}")
        return content


class _Header(tarfile.TarInfo):
    """A header whose fields (``10 key=value``) are looked at first.

    :mod:`tarfile` takes each for as long as it says, and copies the rest of the header for every one.
    """

    def _proc_pax(self, archive: tarfile.TarFile) -> tarfile.TarInfo:
        file = cast(_Bounded, archive.fileobj)
        position = file.tell()
        _check_fields(file.read(self._block(self.size)))  # type: ignore[attr-defined]
        file.seek(position)
        return cast(tarfile.TarInfo, super()._proc_pax(archive))  # type: ignore[misc]


class _Bounded(io.BufferedReader):
    """A file as :mod:`tarfile` may read it: no more at once than a header has, and nowhere outside the file."""

    def __init__(self, file: io.FileIO) -> None:
        super().__init__(file)
        self.length = super().seek(0, io.SEEK_END)
        super().seek(0)

    def read(self, size: int | None = -1, /) -> bytes:
        if size is None or not 0 <= size <= _LARGEST_HEADER:
            raise tarfile.ReadError(f"a header at byte {self.tell()} claims {size} bytes")
        return super().read(size)

    def seek(self, position: int, whence: int = io.SEEK_SET, /) -> int:
        if whence != io.SEEK_SET or not 0 <= position <= self.length:
            raise tarfile.ReadError(f"a header points to byte {position} of {self.length}")
        return super().seek(position)

    def check_end(self, position: int) -> None:
        """Check that zeros follow the last member; tarfile takes a damaged header for the end, or any place."""
        self.seek(position)
        block = self.read(tarfile.BLOCKSIZE)
        if any(block):
            raise tarfile.ReadError(f"the header at byte {position} is damaged")
        if len(block) < tarfile.BLOCKSIZE:
            raise tarfile.ReadError("it lacks the mark at its end")

    def bytes_after(self, position: int) -> int:
        """Return the number of bytes that follow the zeros at ``position``."""
        self.seek(position)
        while block := self.read(_LARGEST_HEADER):
            if content := block.lstrip(b"\0"):
                return self.length - self.tell() + len(content)
        return 0


def _check(entry: tarfile.TarInfo, length: int, goes_on: bool, common_fields: int) -> None:
    """Check a header.

    Raises:
        ReadError: Its size exceeds the archive, or headers refer to each other in circles.
    """
    if entry.size < 0:
        raise tarfile.ReadError(f"a member of {entry.size} bytes")
    if entry.isreg() and not entry.issparse() and entry.offset_data + entry.size > length:
        raise tarfile.ReadError(f"a member of {entry.size} bytes at byte {entry.offset_data} of {length}")
    if not goes_on:
        raise tarfile.ReadError("a header that points backwards")
    if common_fields > _MOST_COMMON_FIELDS:
        raise tarfile.ReadError(f"{common_fields} fields that hold for all members")


def _check_fields(content: bytes) -> None:
    at = 0
    for _ in range(_MOST_FIELDS):
        if not content[at : at + 1].strip(b"\0"):
            return
        digits, blank, _ = content[at : at + 20].partition(b" ")
        end = at + int(digits) if digits.isdigit() else 0
        if not blank or end > len(content) or b"=" not in content[at:end] or content[end - 1 : end] != b"\n":
            break
        at = end
    raise tarfile.ReadError("a header has fields of wrong lengths, or too many")
