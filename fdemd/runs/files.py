"""The folder of a run and the files in it."""

from __future__ import annotations

import errno
import json
import platform
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from fdemd.errors import InputError
from fdemd.files.disk import is_full
from fdemd.files.text import csv_table
from fdemd.files.user_paths import expand_home
from fdemd.files.writing import atomic_write, cannot_write, check_room, write_bytes, write_text

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_PACKAGES = (
    "fdemd",
    "torch",
    "pytorch-lightning",
    "torchmetrics",
    "numpy",
    "albumentations",
    "dlib-bin",
    "opencv-python-headless",
)


_ADVICE = "choose another folder with output=PATH"
ROOM = 4 * 2**20
"""Bytes that the files of most runs fit into, pictures included."""
_FULL = 2**16
"""Fewer bytes are no room. The system also says so of memory that processes share, which is none of this disk."""
_ROWS_AT_ONCE = 2000
SETTINGS = "config.yaml"
"""The settings a run was started with; those it went on with stand beside them."""


@contextmanager
def run_folder(output: Path, label: str, room: int = ROOM) -> Iterator[Path]:
    """Make a new folder ``output/DATE_TIME_LABEL``, numbered if it exists, and remove it if the run leaves it empty.

    Args:
        output: Folder of all runs.
        label: Label of this run; here names that were chosen in settings become part of a path.
        room: Number of bytes that the results may take.

    Raises:
        InputError: The label cannot be part of a path, or the folder cannot be made or has no room.
    """
    output = expand_home(output)
    stem = f"{datetime.now():%Y-%m-%d_%H-%M-%S}_{path_part(label)}"
    for number in range(1000):
        folder = output / (stem if not number else f"{stem}_{number}")
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            if not output.is_dir():
                raise InputError(f"The output folder {output} {_what_is_there(output)}; {_ADVICE}.") from None
        except OSError as error:
            raise cannot_write(folder, error, _ADVICE) from error
        else:
            break
    else:
        raise InputError(f"{output} is full of folders named {stem}; choose another with output=PATH.")
    try:
        check_place(folder, room)
        yield folder
    except OSError as error:
        if is_full(error) and (error.errno == errno.EDQUOT or shutil.disk_usage(folder).free < _FULL):
            # A logger writes by itself.
            raise cannot_write(folder, error) from error
        raise
    finally:
        with suppress(OSError):  # it has files in it, or was taken away
            folder.rmdir()


def _what_is_there(folder: Path) -> str:
    """What is in the way of a folder, in words."""
    way = next(path for path in (folder, *folder.parents) if path.is_symlink() or path.exists())
    lies = "is" if way == folder else f"would lie in {way}, which is"
    return f"{lies} a link to nothing" if way.is_symlink() and not way.exists() else f"{lies} a file"


def path_part(name: str) -> str:
    """Return a name that was chosen in settings, such as ``study.name``, if it can be a part of a path.

    Raises:
        InputError: It would lead to another folder, or cannot be printed.
    """
    if "/" in name or "\\" in name or not name.isprintable():
        raise InputError(
            f"{name!r} cannot be part of the name of a folder; use letters, digits, blanks and signs other than / and "
            "\\ in names such as study.name, trials.name and data.name."
        )
    return name


def make_folder(folder: Path, advice: str) -> None:
    """Make a folder for results, unless it exists, and check that files can be written to it.

    Args:
        folder: The folder.
        advice: What a person can do if not, such as ``choose another with --out DIR``.

    Raises:
        InputError: The folder cannot be made or written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(folder, error, advice) from error
    check_place(folder, advice=advice)


def check_place(folder: Path, room: int = ROOM, advice: str = _ADVICE) -> None:
    """Check that results can be written to a folder, before the work that gives them.

    Args:
        folder: An existing folder.
        room: Number of bytes that the results may take.
        advice: What a person can do if not.

    Raises:
        InputError: The folder cannot be written, or its disk has no room.
    """
    check_room(folder, room, "the results", advice)
    probe = folder / ".probe"
    write_bytes(probe, bytes(2**16), advice)  # a quota and a right that is missing show only now
    probe.unlink()


def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that decide results, and fdemd's commit in a git checkout."""
    found = {"python": platform.python_version(), **{package: version(package) for package in _PACKAGES}}
    if commit := _commit():
        found["commit"] = commit
    return found


def write_yaml(path: Path, content: dict[str, Any]) -> None:
    """Write settings as YAML in the order given."""
    write_text(path, yaml.safe_dump(content, sort_keys=False, allow_unicode=True))


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write results as JSON."""
    write_text(path, json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n")


def write_csv(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write rows with the columns of the first one, safe to open in a spreadsheet.

    Raises:
        ValueError: A row has a column that the first one lacks.
    """
    header = list(rows[0])
    if more := {column: None for row in rows for column in row if column not in rows[0]}:
        raise ValueError(f"{path.name} has no column for {', '.join(more)}, which the first row lacks.")
    write_table(path, [header, *([row.get(column, "") for column in header] for row in rows)])


def write_table(path: Path, rows: Iterable[Sequence[object]]) -> None:
    """Write lines of cells as CSV, safe to open in a spreadsheet; any number of lines takes little memory."""
    left = iter(rows)
    with atomic_write(path) as file:
        while some := list(islice(left, _ROWS_AT_ONCE)):
            file.write(csv_table(some).encode("utf-8", "backslashreplace"))


def write_figure(path: Path, figure: Figure, dpi: int = 130) -> None:
    """Write a figure in the format that the ending of ``path`` names."""
    with atomic_write(path) as file:
        figure.savefig(file, format=path.suffix.removeprefix("."), dpi=dpi)


RESULTS, LEFT_OUT_FILES = "results.json", "left_out_files"
"""Where a training lists for programs what it could not use, and what it is called there."""


def read_left_out(results: Path) -> list[tuple[str, str, str]]:
    """Read the list of the files that a training could not use: path, problem and reason.

    Raises:
        InputError: The folder has no such list.
    """
    try:
        listed = json.loads(results.read_text(encoding="utf-8"))[LEFT_OUT_FILES]
        return [(path, problem, reason) for path, problem, reason in listed]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{results} does not say which files were left out, as those of an earlier version of fdemd; train anew in "
            "another folder."
        ) from error


def write_left_out(path: Path, entries: Iterable[tuple[str, str, str]]) -> None:
    """Write the list of files that gave no face: path, problem and reason."""
    write_table(path, [("path", "problem", "reason"), *entries])


def _commit() -> str | None:
    try:
        command = ["git", "describe", "--always", "--dirty", "--abbrev=12"]
        here = Path(__file__).resolve().parent
        return subprocess.run(command, cwd=here, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None


def settings_file(step: object) -> str:
    """Return the name of the file for the settings with which a training was resumed at a step."""
    return f"resumed_at_step_{step}.yaml"
