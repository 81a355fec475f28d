"""The output folder: made and marked by fdemd, apart from every source, used by one run at a time."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from data_prep.journal import first_settings
from fdemd.errors import InputError
from fdemd.files.lock import alone_in
from fdemd.files.ownership import MARK, claim, is_marked, write_mark
from fdemd.files.writing import cannot_write, is_part

FACES, COPIES = "prepared faces", "copies of faces as queries"
"""What the mark of an output folder says that it holds."""
_WORK, _WORK_PREFIX = "unpacked archives", ".unpacked-"
_ADVICE = "choose another folder with --out"
_SETTINGS = {
    FACES: (("journal.jsonl",), {"template", "size", "detector", "pipeline"}),
    COPIES: (
        ("mask.jsonl", "sunglass.jsonl", "crop.jsonl"),
        {"kind", "seed", "share", "template", "size", "detector", "pipeline"},
    ),
}
"""Journals, and what their first lines tell: by these a folder is known that was begun before there were marks."""


def check_apart(out: Path, sources: Iterable[Path]) -> None:
    """Check that results and sources are not mixed, wherever links lead.

    Raises:
        InputError: The folder is a source, lies in one, or contains one.
    """
    place = Path(os.path.realpath(out))
    for source in sources:
        other = Path(os.path.realpath(source))
        if place.is_relative_to(other) or other.is_relative_to(place):
            how = "is" if place == other else "lies in" if place.is_relative_to(other) else "contains"
            raise InputError(
                f"The output folder {out} {how} the source {source}: photographs would be mixed up with faces made of "
                f"them; {_ADVICE}."
            )


@contextmanager
def output_folder(out: Path, what: str) -> Iterator[None]:
    """Claim a folder and lock it for the ``with`` block, after removing the partial files of killed runs.

    Args:
        out: A folder that is new, empty, or made by fdemd.
        what: What it holds, :data:`FACES` or :data:`COPIES`; copies may join prepared faces.

    Raises:
        InputError: The folder holds files of others, another run is at work in it, or it cannot be written.
    """
    _claim(out, what)
    with alone_in(out, _ADVICE):
        for folder, _, names in os.walk(out):
            for part in filter(is_part, names):
                Path(folder, part).unlink(missing_ok=True)
        yield


@contextmanager
def work_folder(out: Path) -> Iterator[Path]:
    """Make a folder in ``out`` for archives to be decompressed, and remove it after the block, or a kill.

    Raises:
        InputError: The folder cannot be made.
    """
    for left in out.glob(f"{_WORK_PREFIX}*"):
        if is_marked(left, _WORK):
            shutil.rmtree(left, ignore_errors=True)
        else:  # killed before it had its mark, if it is empty
            with contextlib.suppress(OSError):
                left.rmdir()
    try:
        work = Path(tempfile.mkdtemp(prefix=_WORK_PREFIX, dir=out))
    except OSError as error:
        raise cannot_write(out, error, _ADVICE) from error
    try:
        claim(work, _WORK, _ADVICE)
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _claim(out: Path, what: str) -> None:
    if is_ours(out, FACES):
        what = FACES  # which copies may join
    elif what == FACES and is_ours(out, COPIES):
        raise InputError(f"{out} holds {COPIES}; {_ADVICE}.")
    if is_ours(out, what) and not is_marked(out, what):
        write_mark(out, what, _ADVICE)
    claim(out, what, _ADVICE)


def is_ours(out: Path, what: str) -> bool:
    """Return whether fdemd made a folder, in this version or in one that left no mark."""
    if is_marked(out, what):
        return True
    if first_settings(out / MARK) is not None:
        return False
    journals, keys = _SETTINGS[what]
    found = (first_settings(out / journal) for journal in journals)
    return any(settings is not None and keys <= set(settings) for settings in found)
