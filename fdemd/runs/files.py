"""Where a run's results lie and what they say about themselves."""

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
    """Make a new folder ``output/DATE_TIME_LABEL``, numbered if it exists; gone again if the run leaves nothing in it.

    Args:
        output: folder of all runs.
        label: of this one; the one place where names that were chosen in settings become part of a path.
        room: bytes that the results may take.

    Raises:
        InputError: the label is no part of a path, or the folder cannot be made or has no room.
    """
    stem = f"{datetime.now():%Y-%m-%d_%H-%M-%S}_{path_part(label)}"
    for number in range(1000):
        folder = output / (stem if not number else f"{stem}_{number}")
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            if not output.is_dir():
                raise InputError(f"The output folder {output} is a file; choose another with output=PATH.") from None
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


def path_part(name: str) -> str:
    """Return a name that was chosen in settings, such as ``study.name``, if it can be a part of a path.

    Raises:
        InputError: it would lead elsewhere, or cannot be shown.
    """
    if "/" in name or "\\" in name or not name.isprintable():
        raise InputError(
            f"{name!r} cannot be part of the name of a folder; use letters, digits, blanks and signs other than / and "
            "\\ in names such as study.name, trials.name and data.name."
        )
    return name


def make_folder(folder: Path, advice: str) -> None:
    """Make a folder for results, unless it is there, and check that they can be written.

    Args:
        folder: that may exist.
        advice: what a person can do if not, such as ``choose another with --out DIR``.

    Raises:
        InputError: they cannot.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(folder, error, advice) from error
    check_place(folder, advice=advice)


def check_place(folder: Path, room: int = ROOM, advice: str = _ADVICE) -> None:
    """Check that results can be written to a folder, before the work that they come from.

    Args:
        folder: exists.
        room: bytes that the results may take.
        advice: what a person can do if not.

    Raises:
        InputError: they cannot.
    """
    check_room(folder, room, "the results", advice)
    probe = folder / ".probe"
    write_bytes(probe, bytes(2**16), advice)  # a quota and a right that is missing show only now
    probe.unlink()


def versions() -> dict[str, str]:
    """Versions of Python, the packages that decide results, and fdemd's own commit where it is a git checkout."""
    found = {"python": platform.python_version(), **{package: version(package) for package in _PACKAGES}}
    if commit := _commit():
        found["commit"] = commit
    return found


def write_yaml(path: Path, content: dict[str, Any]) -> None:
    """Write settings in the order given."""
    write_text(path, yaml.safe_dump(content, sort_keys=False, allow_unicode=True))


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write results."""
    write_text(path, json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n")


def write_csv(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write rows with the columns of the first one, safe to open in a spreadsheet.

    Raises:
        ValueError: a row has a column that the first one lacks.
    """
    header = list(rows[0])
    if more := {column: None for row in rows for column in row if column not in rows[0]}:
        raise ValueError(f"{path.name} has no column for {', '.join(more)}, which the first row lacks.")
    write_table(path, [header, *([row.get(column, "") for column in header] for row in rows)])


def write_table(path: Path, rows: Iterable[Sequence[object]]) -> None:
    """Write lines of cells as CSV, safe to open in a spreadsheet; however many they are, few are in memory."""
    left = iter(rows)
    with atomic_write(path) as file:
        while some := list(islice(left, _ROWS_AT_ONCE)):
            file.write(csv_table(some).encode("utf-8", "backslashreplace"))


def write_figure(path: Path, figure: Figure, dpi: int = 130) -> None:
    """Write a figure as what the ending of ``path`` says."""
    with atomic_write(path) as file:
        figure.savefig(file, format=path.suffix.removeprefix("."), dpi=dpi)


RESULTS, LEFT_OUT_FILES = "results.json", "left out files"
"""Where a training lists for programs what it could not use, and what it is called there."""


def read_left_out(results: Path) -> list[tuple[str, str, str]]:
    """Path, problem and reason of what a training could not use, as its results list it.

    Raises:
        InputError: they do not.
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
    """Name of the file of the settings that a run went on with at a step."""
    return f"resumed_at_step_{step}.yaml"
