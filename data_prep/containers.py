"""What was downloaded, listed and read file by file without being unpacked: the folder, and what archives share."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from data_prep.sources import Unused
from fdemd.faces.reading import UnreadableImageError
from fdemd.files.regular import open_regular
from fdemd.files.walk import walk

LARGEST_MEMBER, LONGEST_PATH = 64 << 20, 4096
"""Bytes; no photograph of a face is larger, and no system has a longer path."""
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
        if len(member.path) > LONGEST_PATH:
            self.refuse(f"{member.path[:200]}...", f"{len(member.path)} letters, more than a path may have")
        elif member.size > LARGEST_MEMBER:
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
        """Every file below the folder, see :func:`fdemd.files.walk.walk`."""
        found = Listing([], [])
        if self.path.is_file():
            found.offer(Member(self.path.name, self.path.stat().st_size, ""))
            return found
        for path, problem, is_folder, size in walk(self.path):
            if problem:
                found.refuse(path, problem)
            elif not is_folder:
                found.offer(Member(path, size, path))
        return found

    def read(self, key: str, size: int) -> bytes:
        """The content of a file."""
        try:
            with open_regular(self.path / key) as file:
                return file.readall()
        except OSError as error:
            raise UnreadableImageError(f"cannot be read: {error.strerror}") from error
