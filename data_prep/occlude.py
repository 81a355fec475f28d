"""``python -m data_prep mask|sunglass|crop``: the queries of an evaluation, made ahead and kept as files.

They are made by the very code and seed rule of the queries on the fly: the copy of a photograph is, pixel for pixel,
what :meth:`fdemd.data.datamodule.FaceDataModule.query_face` gives for the same manifest, seed, alignment and size.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml
from rich.console import Console
from rich.progress import track
from torch.utils.data import DataLoader

from data_prep.copying import Copying, copy_path, size_of
from data_prep.faces import Record
from data_prep.files import link
from data_prep.journal import Journal
from fdemd.cli import CONFIG_DIR
from fdemd.data.manifest import Manifest, Photograph, read_manifest, write_manifest
from fdemd.data.workers import worker_init
from fdemd.errors import InputError
from fdemd.faces.photographs import Way
from fdemd.faces.queries import QueryMaker
from fdemd.report.files import write_left_out

ORIGINALS = "originals"
_AT_ONCE = 32
"""Copies between two notes in the journal; so many are made again after a kill, at most."""
_PIPELINE = 1
"""Raised when the same settings give other pictures, so that two generations never stand in one folder."""


@dataclass(frozen=True)
class Request:
    """What to make.

    Attributes:
        manifest: CSV file of the photographs.
        out: folder of the copies and their manifest; may be the folder of ``manifest``.
        kind: of query, a name in :data:`fdemd.faces.queries.QUERY_KINDS`.
        settings: of the kind, see :func:`default_settings`.
        way: alignment, size and detector; those of the network give the pictures that it would see.
        seed: as in an evaluation.
        share: 0 to 1, of the photographs that get a copy.
        workers: processes besides this one; 0 works in this one.
    """

    manifest: Path
    out: Path
    kind: str
    settings: Mapping[str, Any]
    way: Way
    seed: int = 0
    share: float = 1.0
    workers: int = 0


@dataclass(frozen=True)
class Copies:
    """What came of it.

    Attributes:
        manifest: file that lists originals and copies.
        made: photographs that have a copy.
        new: those of them that this run made.
        problems: problem -> photographs that have none for it.
        left_out: file that lists these.
    """

    manifest: Path
    made: int
    new: int
    problems: Counter[str]
    left_out: Path


def default_settings(kind: str) -> dict[str, Any]:
    """The settings that an evaluation has for this kind of query."""
    with (CONFIG_DIR / "query" / f"{kind}.yaml").open(encoding="utf-8") as file:
        settings: dict[str, Any] = yaml.safe_load(file)[kind]
    return settings


def template_of(manifest: Path) -> str:
    """The template that the faces of a manifest follow, ``insightface`` if they are photographs as taken.

    Raises:
        InputError: the manifest cannot be read, or its faces follow several.
    """
    found = sorted({row.aligned for row in read_manifest(manifest).photographs} - {""})
    if len(found) > 1:
        raise InputError(f"The faces of {manifest} follow several templates: {', '.join(found)}; make a manifest each.")
    return found[0] if found else "insightface"


def occlude(request: Request) -> Copies:
    """Make the copies that are not there yet, and the manifest ``KIND.csv``.

    Only photographs that may be queries get a copy. In the new manifest the copies are the queries and the originals
    the gallery; originals that are of no use then are left out. Files of another folder are linked into ``out``.

    Raises:
        InputError: the manifest, a setting or the folder cannot be used.
    """
    if not 0 < request.share <= 1:
        raise InputError(f"--share is {request.share}; it must be above 0 and at most 1.")
    manifest = read_manifest(request.manifest)
    _check_aligned(manifest, request.way.template)
    maker = QueryMaker(request.kind, request.way.size, request.seed, **request.settings)
    chosen = tuple(row for row in manifest.photographs if row.is_query and is_chosen(row.path, request))
    records, new = _made(Copying(manifest, chosen, maker, request.way, request.out), request)
    made = {record.name for record in records if not record.problem}
    if not made:
        first = f"; the first, {records[0].name}: {records[0].reason}" if records else ""
        raise InputError(f"None of the {len(chosen)} photographs chosen in {request.manifest} could be copied{first}.")
    rows = _rows(manifest, [row for row in chosen if row.path in made], request)
    path, left_out = request.out / f"{request.kind}.csv", request.out / f"{request.kind}_left_out.csv"
    write_manifest(Manifest(request.out, rows), path.with_name(f"{path.name}.part"))
    path.with_name(f"{path.name}.part").replace(path)
    write_left_out(left_out, ((record.name, record.problem, record.reason) for record in records if record.problem))
    problems = Counter(record.problem for record in records if record.problem)
    return Copies(path, len(made), new, problems, left_out)


def is_chosen(path: str, request: Request) -> bool:
    """Whether a photograph gets a copy; of two shares with one seed, the larger has all of the smaller."""
    digest = hashlib.sha256(f"{request.seed}/share/{path}".encode()).digest()
    return int.from_bytes(digest[:8], "big") < request.share * 2**64


def _made(copying: Copying, request: Request) -> tuple[list[Record], int]:
    """A record a chosen photograph, and how many of them are new."""
    settings = {
        "kind": request.kind,
        **request.settings,
        "seed": request.seed,
        "share": request.share,
        "template": request.way.template,
        "size": list(request.way.size),
        "detector": request.way.detector,
        "pipeline": _PIPELINE,
    }
    journal = Journal(request.out / f"{request.kind}.jsonl", settings)
    missing = [row for row in range(len(copying)) if not _is_done(copying, row, journal)]
    loader = DataLoader(
        copying,
        batch_size=_AT_ONCE,
        sampler=missing,
        num_workers=request.workers if missing else 0,
        collate_fn=list,
        worker_init_fn=worker_init,
        in_order=False,
    )
    console = Console(stderr=True)
    try:
        for records in track(loader, f"Making {request.kind} copies", console=console, transient=True):
            journal.add(records)
    except OSError as error:
        raise InputError(
            f"{request.out} cannot be written ({error.strerror or 'no room or no permission'}); run the same command "
            "again once it can."  # errno is lost on the way from another process
        ) from error
    return journal.finish(row.path for row in copying.chosen), len(missing)


def _is_done(copying: Copying, row: int, journal: Journal) -> bool:
    photograph = copying.chosen[row]
    record = journal.records.get(photograph.path)
    if record is None or record.size != size_of(copying.manifest.file(photograph)):
        return False
    return bool(record.problem) or (copying.out / copy_path(copying.maker.kind, photograph.path)).is_file()


def _check_aligned(manifest: Manifest, template: str) -> None:
    for row in manifest.photographs:
        if row.aligned not in ("", template):
            raise InputError(
                f"{row.path} in {manifest.root} is aligned as {row.aligned!r}, not as {template!r}; copies must follow "
                f"the same template: give --template {row.aligned}."
            )


def _rows(manifest: Manifest, copied: list[Photograph], request: Request) -> tuple[Photograph, ...]:
    """Originals, then copies. An original that is neither of the gallery nor of a split nor a source is dropped."""
    here = request.out.resolve() == manifest.root
    place = "" if here else f"{ORIGINALS}/"
    sources = {row.source for row in copied}
    rows = []
    for row in manifest.photographs:
        if row.is_gallery or row.split or row.path in sources:
            rows.append(replace(row, path=place + row.path, source=place + row.source, is_query=False))
            if not here and manifest.file(row).is_file():
                link(manifest.file(row), request.out / ORIGINALS / row.path)
    for row in copied:
        path = copy_path(request.kind, row.path)
        template = request.way.template
        rows.append(replace(row, path=path, source=place + row.source, is_gallery=False, aligned=template))
    return tuple(rows)
