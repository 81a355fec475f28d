"""Names of files and people that every disk and every table can hold, from the names in a download."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Sequence

from fdemd.data.names import identity_of

LONGEST, _LONGEST_PATH = 246, 2048
"""Bytes of a folder or of a file without its ending (a disk allows 255 with it), and of all of them together."""
_ODD = frozenset(["Cc", "Cs", "Zl", "Zp"])
"""Unicode's control characters, bytes that are no text, separators of lines."""


def safe_name(name: str) -> str:
    r"""Return a relative path for a file of our own; what is ordinary stays as it is.

    Control characters, bytes that are not UTF-8, backslashes and blanks at an end (but for the last, which an ending
    follows) are written as ``%`` and two hexadecimal digits a byte, empty folders are left out, and what is too long
    for a disk is cut and gets a piece of its hash.

    >>> safe_name("Zoë Å/a,b (1)"), safe_name("Ann\\Able/1\r"), safe_name(" Ann /./\udcff")
    ('Zoë Å/a,b (1)', 'Ann%5CAble/1%0D', '%20Ann%20/%FF')
    """
    parts = [part for part in name.split("/") if part not in ("", ".", "..")]
    safe = [_component(part, last=number == len(parts) - 1) for number, part in enumerate(parts)]
    path = "/".join(safe) or "unnamed"
    if len(path.encode()) <= _LONGEST_PATH:
        return path
    return f"{safe[0]}/{_cut('~'.join(safe), LONGEST)}"


def unique_names(names: Sequence[str], ending: str = ".png") -> list[str]:
    """Return the :func:`safe_name` of every name, made unique on any disk.

    A name that is taken already, or that another needs for a folder, gets ``~2`` and so on. So do names that differ
    in capitals or in the composition of their letters only, which are one to a Mac and on a memory card.

    Args:
        names: Relative paths; earlier ones are changed less.
        ending: Ending that the files will have.
    """
    safe = [safe_name(name) for name in names]
    folders = {_spelling(name[:at]) for name in set(safe) for at, letter in enumerate(name) if letter == "/"}
    taken: set[str] = set()
    tried: dict[str, int] = {}
    found = []
    for name in safe:
        own = name
        while _spelling(own) in taken or _spelling(own + ending) in folders:
            tried[name] = tried.get(name, 1) + 1
            folder, slash, last = name.rpartition("/")
            own = folder + slash + _cut(f"{last}~{tried[name]}", LONGEST)
        taken.add(_spelling(own))
        found.append(own)
    return found


def person_name(name: str) -> str:
    r"""Return the name of a person in the spelling of :func:`fdemd.data.names.identity_of`, without odd characters.

    >>> person_name(" Ann\r "), person_name("Ann\rAble")
    ('Ann', 'Ann%0DAble')
    """
    return identity_of("".join(_escaped(letter) if _is_odd(letter) else letter for letter in identity_of(name)))


def _component(text: str, *, last: bool) -> str:
    start = len(text) - len(text.lstrip())
    end = len(text) if last and text.strip() else len(text.rstrip())
    return _cut(
        "".join(
            _escaped(letter) if _is_odd(letter) or letter == "\\" or not start <= at < end else letter
            for at, letter in enumerate(text)
        ),
        LONGEST,
    )


def _is_odd(letter: str) -> bool:
    return unicodedata.category(letter) in _ODD


def _escaped(letter: str) -> str:
    is_byte = "\udc80" <= letter <= "\udcff"  # as Python reads names that are not UTF-8
    return "".join(f"%{byte:02X}" for byte in letter.encode("utf-8", "surrogateescape" if is_byte else "surrogatepass"))


def _cut(text: str, longest: int) -> str:
    """Return a text, cut and with a piece of its hash if it is too long."""
    content = text.encode()
    if len(content) <= longest:
        return text
    ending = f"~{hashlib.sha256(content).hexdigest()[:16]}"
    return content[: longest - len(ending)].decode(errors="ignore") + ending


def _spelling(path: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", path).casefold())
