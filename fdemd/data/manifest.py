"""The list of photographs: who is on each, and which may be queries or gallery."""

from __future__ import annotations

import csv
import posixpath
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from fdemd.errors import InputError

COLUMNS = ("path", "identity", "source", "split", "is_query", "is_gallery", "aligned")


@dataclass(frozen=True)
class Photograph:
    """One row of a manifest.

    Attributes:
        path: relative to the manifest's root, with forward slashes.
        identity: the person's name.
        source: path of the photograph this one was made from; its own path if it is an original.
        split: free text, such as ``train`` or ``test``.
        is_query: may be looked for.
        is_gallery: may be found.
        aligned: name of the alignment that the file follows already, empty if it is a photograph as taken.
    """

    path: str
    identity: str
    source: str
    split: str = ""
    is_query: bool = True
    is_gallery: bool = True
    aligned: str = ""


@dataclass(frozen=True)
class Manifest:
    """Photographs below one folder.

    Attributes:
        root: the folder.
        photographs: its rows; no path twice.
        ignored: files of the folder that are no photographs of it, with the reason.
    """

    root: Path
    photographs: tuple[Photograph, ...]
    ignored: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        seen: set[str] = set()
        for photograph in self.photographs:
            if photograph.path in seen:
                raise InputError(f"{photograph.path} stands twice in the list of photographs of {self.root}.")
            seen.add(photograph.path)

    def __len__(self) -> int:
        return len(self.photographs)

    def file(self, photograph: Photograph) -> Path:
        """Where the photograph lies."""
        return self.root / photograph.path


def check_identities(photographs: Iterable[Photograph], where: Path | str) -> None:
    """Check that there is something to identify.

    Raises:
        InputError: no photograph or only one person.
    """
    people = {photograph.identity for photograph in photographs}
    if not people:
        raise InputError(f"{where} has no photographs in it.")
    if len(people) == 1:
        raise InputError(
            f"{where} has photographs of one person only ({people.pop()}); identification needs at least two people, "
            "one folder each."
        )


def read_manifest(path: Path, root: Path | None = None) -> Manifest:
    """Read a manifest (CSV with a header) or a published list (two columns ``path,label``, no header).

    Args:
        path: the CSV file, UTF-8. Needed columns: path and identity; missing ones take the defaults of
            :class:`Photograph`.
        root: the folder that the paths are relative to; the folder of the file if not given.

    Raises:
        InputError: the file is missing, a column or a value is wrong, or a path leads out of ``root``.
    """
    root = (root or path.parent).resolve()
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = [row for row in csv.reader(file) if row]
    except OSError as error:
        raise InputError(f"The manifest {path} cannot be read: {error.strerror}.") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"The manifest {path} is not a CSV file in UTF-8: {error}.") from error
    if not root.is_dir():
        raise InputError(f"The folder {root}, which the paths in {path} are relative to, does not exist.")
    if not rows:
        raise InputError(f"The manifest {path} is empty.")
    if "path" in rows[0]:
        header, rows, first = rows[0], rows[1:], 2
    elif len(rows[0]) == 2 and len(rows) > 1 and _is_header(rows, root):
        raise InputError(f"The first line of {path} looks like names of columns; they must be path and identity.")
    elif len(rows[0]) == 2:
        header, first = ["path", "identity"], 1
    else:
        raise InputError(f"The first line of {path} must name the columns: {', '.join(COLUMNS)}.")
    if strange := [name for name in header if name not in COLUMNS]:
        raise InputError(f"{path} has a column {strange[0]!r}; the columns are {', '.join(COLUMNS)}.")
    if "identity" not in header:
        raise InputError(f"{path} has no column 'identity', which says who is on each photograph.")
    photographs = tuple(_photograph(header, row, root, f"{path}, line {first + i}") for i, row in enumerate(rows))
    check_identities(photographs, path)
    return Manifest(root, photographs)


def write_manifest(manifest: Manifest, path: Path) -> None:
    """Write a manifest that :func:`read_manifest` reads back."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for row in manifest.photographs:
            flags = int(row.is_query), int(row.is_gallery)
            writer.writerow([row.path, row.identity, row.source, row.split, *flags, row.aligned])


def _photograph(header: Sequence[str], row: Sequence[str], root: Path, where: str) -> Photograph:
    if len(row) != len(header):
        raise InputError(f"{where}: {len(row)} values for {len(header)} columns.")
    values = dict(zip(header, (value.strip() for value in row), strict=True))
    if not values["path"] or not values["identity"]:
        raise InputError(f"{where}: path and identity must not be empty.")
    path, source = (_normalised(values.get(name) or values["path"]) for name in ("path", "source"))
    if Path(path).is_absolute():
        raise InputError(f"{where}: {path!r} is absolute; paths must be relative to the folder {root}.")
    if "\0" in path or path == ".." or path.startswith("../"):
        raise InputError(f"{where}: {path!r} leads out of the folder {root}.")
    flags = {}
    for name in ("is_query", "is_gallery"):
        value = values.get(name, "1").lower()
        if value not in ("0", "1", "true", "false"):
            raise InputError(f"{where}: {name} is {value!r}; it must be 1 or 0.")
        flags[name] = value in ("1", "true")
    return Photograph(
        path, values["identity"], source, values.get("split", ""), **flags, aligned=values.get("aligned", "")
    )


def _is_header(rows: Sequence[Sequence[str]], root: Path) -> bool:
    """Whether the first line of two names no file, though the second does."""
    return not (root / rows[0][0]).is_file() and (root / rows[1][0]).is_file()


def _normalised(path: str) -> str:
    """One spelling a file, so that a photograph is known for itself and its twin."""
    return posixpath.normpath(path.replace("\\", "/"))
