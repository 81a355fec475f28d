"""The file of a manifest: CSV with a header, or a published list of two columns without one."""

from __future__ import annotations

import csv
import io
import os
import posixpath
import sys
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import NamedTuple

from fdemd.data.manifest import Manifest, Photograph, check_identities
from fdemd.data.names import identity_of, warn_of_spellings
from fdemd.errors import InputError
from fdemd.files.user_paths import check_file, check_folder
from fdemd.files.writing import write_bytes

COLUMNS = ("path", "identity", "source", "split", "is_query", "is_gallery", "aligned")


def read_manifest(path: Path, root: Path | None = None, *, setting: str = "") -> Manifest:
    """Read a manifest (CSV with a header) or a published list (two columns ``path,label``, no header).

    Spellings of one person's name are one person, see :mod:`fdemd.data.names`. Paths are taken as they are written
    where such a file exists; otherwise blanks around them are dropped and backslashes are taken for Windows' slashes.

    Args:
        path: CSV file in UTF-8; names of files that are not UTF-8 stand in it byte by byte. It needs the columns path
            and identity; missing ones take the defaults of :class:`Photograph`.
        root: Folder that the paths are relative to; None takes the folder of the file.
        setting: Setting that gives the root, to be named in errors; empty if none does.

    Raises:
        InputError: The file is missing, a column or a value is wrong, or a path leads out of ``root``.
    """
    given, root = root or path.parent, (root or path.parent).resolve()
    rows = _rows(path)
    first = list(islice(rows, 2))
    check_folder(root, f"The folder that the paths in {path} are relative to,")
    if not first:
        raise InputError(f"The manifest {path} is empty.")
    header = _header(first, path, root)
    listed = chain(first[1:] if "path" in first[0].values else first, rows)
    place = _Place((str(root), posixpath.normpath(given.absolute())), setting)
    spellings: dict[str, str] = {}
    photographs = tuple(_photographs(header, listed, place, path, spellings))
    check_identities(photographs, path)
    warn_of_spellings(spellings, path)
    return Manifest(root, photographs)


def write_manifest(manifest: Manifest, path: Path, advice: str = "") -> None:
    """Write a manifest that :func:`read_manifest` reads back, whole or not at all; see :func:`as_csv`.

    Args:
        manifest: The photographs.
        path: File to write.
        advice: What a person can do if it cannot be written, for the error.

    Raises:
        InputError: It cannot be written.
    """
    write_bytes(path, as_csv(manifest), advice)


def as_csv(manifest: Manifest) -> bytes:
    """Return the file of a manifest, in which photographs keep their names, whatever these are.

    Args:
        manifest: The photographs.
    """
    text = io.StringIO(newline="")
    plain = csv.writer(text, lineterminator="\n")
    quoted = csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL)
    plain.writerow(COLUMNS)
    for row in manifest.photographs:
        texts = row.path, row.identity, row.source, row.split, row.aligned
        writer = quoted if any("\r" in value for value in texts) else plain  # csv leaves a carriage return bare
        writer.writerow([*texts[:4], int(row.is_query), int(row.is_gallery), row.aligned])
    return text.getvalue().encode("utf-8", "surrogateescape")


_ADVICE = "correct the path, or make one by fdemd prepare or by hand (docs/manifests.md)"


class _Row(NamedTuple):
    """Values of a CSV file and the line that they end in."""

    line: int
    values: list[str]


def _rows(path: Path) -> Iterator[_Row]:
    """Read one row at a time: a million of them as lists of words take a gigabyte."""
    try:
        with check_file(path, "The manifest", _ADVICE).open(
            newline="", encoding="utf-8-sig", errors="surrogateescape"
        ) as file:
            reader = csv.reader(file)
            yield from (_Row(reader.line_num, row) for row in reader if row)
    except OSError as error:
        raise InputError(f"The manifest {path} cannot be read: {error.strerror}.") from error
    except csv.Error as error:
        raise InputError(f"The manifest {path} is not a CSV file in UTF-8: {error}.") from error


def _header(first: Sequence[_Row], path: Path, root: Path) -> list[str]:
    """Return the names of the columns: the first row, or those of a list without names."""
    header = first[0].values
    if "path" not in header:
        if len(header) == 2 and not (len(first) > 1 and _is_header(first, root)):
            return ["path", "identity"]
        if len(header) == 2:
            raise InputError(f"The first line of {path} looks like names of columns; they must be path and identity.")
        if not all(_is_utf8(name) and "\0" not in name for name in header):
            raise InputError(f"The manifest {path} is not a CSV file in UTF-8.")
        raise InputError(f"The first line of {path} must name the columns: {', '.join(COLUMNS)}.")
    if strange := [name for name in header if name not in COLUMNS]:
        raise InputError(f"{path} has a column {strange[0]!r}; the columns are {', '.join(COLUMNS)}.")
    if twice := [name for name in COLUMNS if header.count(name) > 1]:
        raise InputError(f"{path} has the column {twice[0]!r} more than once; leave one of them.")
    if "identity" not in header:
        raise InputError(f"{path} has no column 'identity', which says who is on each photograph.")
    return header


_FLAGS = {"0": False, "1": True, "false": False, "true": True}


def _photographs(
    header: Sequence[str], rows: Iterable[_Row], place: _Place, path: Path, spellings: dict[str, str]
) -> Iterator[Photograph]:
    """Return the photographs of rows; equal names of people and splits become one string, of which there are few.

    Args:
        header: Names of the columns.
        rows: The rows below it.
        place: What paths are relative to.
        path: The file, for errors.
        spellings: Gets every name of a person as it is written, and as it is taken.
    """
    for line, words in rows:
        if len(words) != len(header):
            raise InputError(f"{path}, line {line}: {len(words)} values for {len(header)} columns.")
        values = dict(zip(header, words, strict=True))
        name = values["identity"]
        if name not in spellings:
            spellings[name] = identity_of(name)
        if not values["path"].strip() or not spellings[name]:
            raise InputError(f"{path}, line {line}: path and identity must not be empty.")
        own = _path(values["path"], place, path, line)
        source = values.get("source", "")
        flags = {}
        for column in ("is_query", "is_gallery"):
            flag = _FLAGS.get(values.get(column, "1").strip().lower())
            if flag is None:
                raise InputError(
                    f"{path}, line {line}: {column} is {values[column].strip().lower()!r}; it must be 1 or 0."
                )
            flags[column] = flag
        yield Photograph(
            own,
            spellings[name],
            own if source == values["path"] or not source.strip() else _path(source, place, path, line),
            sys.intern(values.get("split", "").strip()),
            **flags,
            aligned=sys.intern(values.get("aligned", "").strip()),
        )


def _is_header(rows: Sequence[_Row], root: Path) -> bool:
    """Whether the first line of two names no file, though the second does."""
    first, second = (os.path.isfile(root / row.values[0]) for row in rows[:2])  # noqa: PTH113
    return second and not first


class _Place(NamedTuple):
    """The folder that paths are relative to, as it is and as it was given, and the setting that gives it."""

    roots: tuple[str, str]
    setting: str


def _path(text: str, place: _Place, file: Path, line: int) -> str:
    """Where a photograph lies below the folder: one spelling a file, so that it is known for itself and its twin."""
    if _is_tidy(text):
        return text
    root, name, where = place.roots[0], text, f"{file}, line {line}"
    if not _is_plain(text) and not os.path.lexists(Path(root) / text):
        if not _is_utf8(text):
            raise InputError(f"{where}: there is no file {text!r}, which is not UTF-8; save the manifest in UTF-8.")
        name = text.strip().replace("\\", "/")
    path = "/" + posixpath.normpath(posixpath.join(root, name)).lstrip("/")
    for folder in place.roots:
        before = folder.rstrip("/") + "/"
        if path.startswith(before) and "\0" not in path:
            return path[len(before) :]
    what = "is absolute, and not below" if name.startswith("/") else "leads out of"
    advice = "write paths from a folder that all photographs are below"
    if place.setting:
        advice += f", and name that folder with {place.setting}=FOLDER ({place.setting}=/ takes absolute paths)"
    raise InputError(f"{where}: {text!r} {what} the folder {root}; {advice}.")


def _is_tidy(text: str) -> bool:
    """Whether a path is written as it is returned, as nearly all are: then nothing need be looked at."""
    return text[:1] not in (".", "/") and _is_plain(text) and "\0" not in text and posixpath.normpath(text) == text


def _is_plain(text: str) -> bool:
    """Whether there is but one way to read a path, so that the disk need not be asked."""
    return "\\" not in text and text == text.strip() and _is_utf8(text)


def _is_utf8(text: str) -> bool:
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
