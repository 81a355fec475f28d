"""Paths as people type them: ``~`` resolved, and checked to be there, of the right kind and readable."""

from __future__ import annotations

import os
import pwd
import stat
from pathlib import Path

from fdemd.errors import InputError


def expand_home(text: object) -> Path:
    """Return a path with a leading ``~`` (the user's home folder) or ``~name`` (somebody else's) resolved.

    Args:
        text: The path as a text or a ``Path``.

    Raises:
        InputError: There is no such home folder on this machine.

    >>> expand_home("data/faces")
    PosixPath('data/faces')
    """
    path = str(text)
    first, *rest = path.split("/")
    try:
        if first == "~" and not os.environ.get("HOME"):  # empty would mean the root of the disk
            return Path(pwd.getpwuid(os.getuid()).pw_dir, *rest)
        return Path(path).expanduser()
    except (KeyError, RuntimeError) as error:
        raise InputError(
            f"{path} begins with {first}, and there is no such home folder; give the whole path."
        ) from error


def check_file(path: Path, what: str, advice: str = "") -> Path:
    """Return ``path`` if it is an ordinary file (neither a pipe nor a device, which have no end) that can be read.

    Unlike :meth:`pathlib.Path.is_file` it never raises ``PermissionError``: a folder that must not be entered is an
    ``InputError`` too.

    Args:
        path: The file.
        what: What the file is, as an error begins, such as ``The manifest``.
        advice: What a person can do about it, such as ``give it with data.manifest=PATH``.

    Raises:
        InputError: The file does not exist, is no ordinary file, or must not be read.
    """
    return _checked(path, what, advice, folder=False)


def check_folder(path: Path, what: str, advice: str = "") -> Path:
    """Return ``path`` if it is a folder that can be listed; arguments and errors are those of :func:`check_file`."""
    return _checked(path, what, advice, folder=True)


def _checked(path: Path, what: str, advice: str, *, folder: bool) -> Path:
    rest = f"; {advice}." if advice else "."
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        raise InputError(f"{what} {path} does not exist{rest}") from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise InputError(f"{what} {path} cannot be read ({getattr(error, 'strerror', None) or error}){rest}") from error
    if not (stat.S_ISDIR(mode) if folder else stat.S_ISREG(mode)):
        kind = "a folder, not a file" if stat.S_ISDIR(mode) else "not an ordinary file"
        raise InputError(f"{what} {path} is {'a file, not a folder' if folder else kind}{rest}")
    if not os.access(path, os.R_OK | (os.X_OK if folder else 0)):
        raise InputError(f"{what} {path} cannot be read (Permission denied){rest}")
    return path
