"""Files of an output folder that are links or copies of others."""

from __future__ import annotations

import contextlib
import filecmp
import os
import secrets
import shutil
from pathlib import Path

from fdemd.files.user_paths import check_file
from fdemd.files.writing import PART, atomic_write, cannot_write

AGAIN = "run the same command again once it can"
"""What a person can do where a manifest of ours cannot be written."""


def link(file: Path, target: Path) -> None:
    """Give a file another name, or copy it where the two folders are on different disks.

    Raises:
        InputError: The file cannot be read, or its new name cannot be written.
    """
    check_file(file, "The photograph", "run python -m data_prep verify on the manifest that names it")
    try:
        with contextlib.suppress(FileNotFoundError):
            if target.samefile(file) or filecmp.cmp(target, file, shallow=False):
                return
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(f".{secrets.token_hex(8)}{PART}")
        try:
            os.link(os.path.realpath(file), part)  # of a link itself, another name would lead elsewhere
        except OSError:
            with atomic_write(target) as copy, file.open("rb") as original:
                shutil.copyfileobj(original, copy)
        else:
            part.replace(target)
    except OSError as error:
        raise cannot_write(target, error) from error
