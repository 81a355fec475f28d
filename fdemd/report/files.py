"""Where a run's results lie and what they say about themselves."""

from __future__ import annotations

import csv
import json
import platform
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import yaml

from fdemd.errors import InputError

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


@contextmanager
def run_folder(output: Path, label: str) -> Iterator[Path]:
    """Make a new folder ``output/DATE_TIME_LABEL``, numbered if it exists; gone again if the run leaves nothing in it.

    Raises:
        InputError: the folder cannot be made.
    """
    stem = f"{datetime.now():%Y-%m-%d_%H-%M-%S}_{label}"
    for number in range(1000):
        folder = output / (stem if not number else f"{stem}_{number}")
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            if not output.is_dir():
                raise InputError(f"The output folder {output} is a file; choose another with output=PATH.") from None
        except OSError as error:
            raise InputError(
                f"The folder {folder} cannot be made ({error.strerror}); choose another with output=PATH."
            ) from error
        else:
            break
    else:
        raise InputError(f"{output} is full of folders named {stem}; choose another with output=PATH.")
    try:
        yield folder
    finally:
        if not any(folder.iterdir()):
            folder.rmdir()


def versions() -> dict[str, str]:
    """Versions of Python, the packages that decide results, and fdemd's own commit where it is a git checkout."""
    found = {"python": platform.python_version(), **{package: version(package) for package in _PACKAGES}}
    if commit := _commit():
        found["commit"] = commit
    return found


def write_yaml(path: Path, content: dict[str, Any]) -> None:
    """Write settings in the order given."""
    path.write_text(yaml.safe_dump(content, sort_keys=False, allow_unicode=True), encoding="utf-8")


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write results."""
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")


LEFT_OUT = "left_out.csv"
"""Where a run lists what it could not use."""


def read_left_out(path: Path) -> list[tuple[str, str, str]]:
    """What :func:`write_left_out` wrote."""
    with path.open(newline="", encoding="utf-8") as file:
        return [(path, problem, reason) for path, problem, reason in csv.reader(file)][1:]


def write_left_out(path: Path, entries: Iterable[tuple[str, str, str]]) -> None:
    """Write the list of files that gave no face: path, problem and reason."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("path", "problem", "reason"))
        writer.writerows(entries)


def _commit() -> str | None:
    try:
        command = ["git", "describe", "--always", "--dirty", "--abbrev=12"]
        here = Path(__file__).resolve().parent
        return subprocess.run(command, cwd=here, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None
