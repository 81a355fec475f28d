"""What was downloaded, listed and read file by file without being unpacked: the folder, and what archives share."""

from __future__ import annotations

import os
import re
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from data_prep.sources import Unused
from fdemd.faces.reading import UnreadableImageError

LARGEST_MEMBER = 64 << 20
"""Bytes; no photograph of a face is larger."""
ARCHIVE = re.compile(r"\.(zip|tar|tgz|tbz2?|txz|gz|bz2|xz|7z|rar)$", re.IGNORECASE)


class Member(NamedTuple):
    """A file in a container: its path there (forward slashes), its bytes, and what ``read`` finds it by."""

    path: str
    size: int
    key: str


class Listing(NamedTuple):
    """What a container holds: files to choose from, and entries that are not even offered."""

    members: list[Member]
    unused: list[Unused]

    def offer(self, member: Member) -> None:
        """Take in a file, if it can be anything that a set needs."""
        if member.size > LARGEST_MEMBER:
            self.refuse(member.path, f"{member.size} bytes, more than a photograph has")
        elif ARCHIVE.search(member.path):
            self.refuse(member.path, "an archive by its name; give it with --source itself")
        else:
            self.members.append(member)

    def refuse(self, path: str, reason: str) -> None:
        """Note an entry that is not offered, and why."""
        self.unused.append(Unused(path, reason))


@dataclass(frozen=True)
class Container(ABC):
    """A folder or an archive; cheap to send to another process, which opens the file itself."""

    path: Path

    @abstractmethod
    def listing(self) -> Listing:
        """Everything in it, in no order.

        Raises:
            InputError: damaged, or not safe to read.
        """

    @abstractmethod
    def read(self, key: str, size: int) -> bytes:
        """The content of a member.

        Raises:
            UnreadableImageError: gone or damaged.
        """


class Folder(Container):
    """A tree of files, or a single file."""

    def listing(self) -> Listing:
        """Every file below the folder; linked folders are not entered."""
        if self.path.is_file():
            return Listing([Member(self.path.name, self.path.stat().st_size, "")], [])
        found = Listing([], [])
        for folder, _, names in os.walk(self.path):
            for name in names:
                file = Path(folder, name)
                path = file.relative_to(self.path).as_posix()
                if file.is_file():
                    found.offer(Member(path, file.stat().st_size, path))
                else:
                    found.refuse(path, "a broken link or not a file")
        return found

    def read(self, key: str, size: int) -> bytes:
        """The content of a file."""
        try:
            return (self.path / key).read_bytes()
        except OSError as error:
            raise UnreadableImageError(f"cannot be read: {error.strerror}") from error
