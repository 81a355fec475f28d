"""Containers of downloaded files, read file by file without being unpacked: folders, and the base of archives."""

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
    """A file in a container.

    Attributes:
        path: Its path there, with forward slashes.
        size: Its size in bytes.
        key: What :meth:`Container.read` finds it by.
    """

    path: str
    size: int
    key: str


class Listing(NamedTuple):
    """The content of a container: files, and entries that cannot be used."""

    members: list[Member]
    unused: list[Unused]

    def offer(self, member: Member) -> None:
        """Add a file, if it can be anything that a set needs."""
        if len(member.path) > LONGEST_PATH:
            self.refuse(f"{member.path[:200]}...", f"{len(member.path)} letters, more than a path may have")
        elif member.size > LARGEST_MEMBER:
            self.refuse(member.path, f"{member.size} bytes, more than a photograph has")
        elif ARCHIVE.search(member.path):
            self.refuse(member.path, "an archive by its name; give it with --source itself")
        else:
            self.members.append(member)

    def refuse(self, path: str, reason: str) -> None:
        """Add an entry that cannot be used, and the reason."""
        self.unused.append(Unused(path, reason))


@dataclass(frozen=True)
class Container(ABC):
    """A folder or an archive; it can be sent to another process, which opens the file itself."""

    path: Path

    @abstractmethod
    def listing(self) -> Listing:
        """List the content, in no order.

        Raises:
            InputError: The container is damaged or not safe to read.
        """

    @abstractmethod
    def read(self, key: str, size: int) -> bytes:
        """Return the content of a member.

        Raises:
            UnreadableImageError: The member is missing or damaged.
        """


class Folder(Container):
    """A tree of files, or a single file."""

    def listing(self) -> Listing:
        """List every file below the folder, see :func:`fdemd.files.walk.walk`."""
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
        """Return the content of a file."""
        try:
            with open_regular(self.path / key) as file:
                return file.readall()
        except OSError as error:
            raise UnreadableImageError(f"cannot be read: {error.strerror}") from error
