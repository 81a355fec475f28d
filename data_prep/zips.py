"""Zip archives."""

from __future__ import annotations

import bz2
import lzma
import stat
import struct
import zipfile
import zlib
from typing import BinaryIO, NamedTuple

from data_prep.archives import Archive, check_growth, explained, member_path
from data_prep.containers import Listing, Member
from fdemd.errors import InputError

_LOCAL = struct.Struct("<4s22xHH")
"""Of the header before a member's bytes: its signature, and the bytes of the name and of the extra field after it."""
_SIGNATURE = b"PK\x03\x04"


class _Place(NamedTuple):
    """Position, size and checksum of a member."""

    header: int
    packed: int
    method: int
    checksum: int


class Zip(Archive):
    """A zip archive. Members are identified by their position, so that two of one name are two."""

    def listing(self) -> Listing:
        """List every file in the archive."""
        with explained(self.path), zipfile.ZipFile(self.path) as archive:
            entries = [entry for entry in archive.infolist() if not entry.is_dir()]
        check_growth(self.path, sum(entry.file_size for entry in entries))
        if any(entry.flag_bits & 1 for entry in entries):
            raise InputError(
                f"{self.path} is locked with a password; unpack it with the password that its authors gave you, and "
                "give the folder with --source."
            )
        found = Listing([], [])
        if entries and (before := min(entry.header_offset for entry in entries)) and self._begins_with_member():
            found.refuse(
                f"{before} bytes",
                f"they come before the first file that {self.path.name} lists; if archives were joined, give each by "
                "itself",
            )
        for entry in entries:
            path = member_path(entry.filename, self.path)
            place = _Place(entry.header_offset, entry.compress_size, entry.compress_type, entry.CRC)
            if stat.S_ISLNK(entry.external_attr >> 16):
                found.refuse(path, "a link")
            else:
                found.offer(Member(path, entry.file_size, " ".join(map(str, place))))
        return found

    def _begins_with_member(self) -> bool:
        with self.path.open("rb") as file:
            return file.read(len(_SIGNATURE)) == _SIGNATURE

    def read(self, key: str, size: int) -> bytes:
        """Return the content of a member, never more bytes than the archive announced."""
        place = _Place(*map(int, key.split()))
        with self.opened() as file:
            content = _unpacked(_packed(file, place, size, self.stamp[0]), place.method, size)
            if len(content) != size or zlib.crc32(content) != place.checksum:
                raise zipfile.BadZipFile("its bytes are not those that the archive announces")
        return content


def _packed(file: BinaryIO, place: _Place, size: int, length: int) -> bytes:
    """Return the compressed bytes of a member in an archive of ``length`` bytes."""
    file.seek(place.header)
    signature, name, extra = _LOCAL.unpack(file.read(_LOCAL.size))
    if signature != _SIGNATURE:
        raise zipfile.BadZipFile(f"no member begins at byte {place.header}")
    start = place.header + _LOCAL.size + name + extra
    if start + place.packed > length or place.packed > 2 * size + 4096:  # what cannot be packed grows by a little
        raise zipfile.BadZipFile(f"{place.packed} bytes for {size} at byte {start} of {length}")
    file.seek(start)
    return file.read(place.packed)


def _unpacked(packed: bytes, method: int, size: int) -> bytes:
    """Decompress at most a byte more than ``size``; :mod:`zipfile` bounds only what is deflated."""
    if method == zipfile.ZIP_STORED:
        return packed
    if method == zipfile.ZIP_DEFLATED:
        return zlib.decompressobj(-zlib.MAX_WBITS).decompress(packed, size + 1)
    if method == zipfile.ZIP_BZIP2:
        return bz2.BZ2Decompressor().decompress(packed, size + 1)
    if method == zipfile.ZIP_LZMA:  # version, bytes of the settings (5), the settings, the rest (APPNOTE 5.8)
        _, count, settings, dictionary = struct.unpack_from("<HHBI", packed)
        literal, rest = settings % 9, settings // 9
        chain = {"id": lzma.FILTER_LZMA1, "dict_size": min(dictionary, max(size, 4096))}
        chain |= {"lc": literal, "lp": rest % 5, "pb": rest // 5}
        return lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=[chain]).decompress(packed[4 + count :], size + 1)
    raise zipfile.BadZipFile(f"it is packed in a way ({method}) that is not read here; unpack the archive yourself")
