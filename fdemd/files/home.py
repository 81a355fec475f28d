"""Paths as people type them: ``~`` is their home folder, ``~name`` somebody else's."""

from __future__ import annotations

import os
import pwd
from pathlib import Path

from fdemd.errors import InputError


def expanded(text: object) -> Path:
    """Return the path that a text, or a path, names, with a ``~`` resolved.

    Raises:
        InputError: there is no such home folder on this machine.
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
