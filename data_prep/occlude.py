"""``python -m data_prep KIND``: the queries of an evaluation, made in advance as files.

They are made by the code and the seeds of the queries that an evaluation makes on the fly: the copy of a photograph is,
pixel for pixel, what :meth:`fdemd.data.datamodule.FaceDataModule.query_face` gives for the same manifest, seed,
alignment and size.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rich.filesize import decimal
from torch.utils.data import DataLoader

from data_prep.copying import Copying, copy_paths
from data_prep.faces import Record
from data_prep.files import AGAIN, link
from data_prep.journal import Journal
from data_prep.output import COPIES, FACES, check_apart, is_ours, output_folder
from data_prep.signals import left_to_this_process
from fdemd.cache.code import code_key
from fdemd.data.manifest import Manifest, Photograph
from fdemd.data.manifest_file import read_manifest, write_manifest
from fdemd.data.workers import worker_init
from fdemd.errors import InputError
from fdemd.faces.photographs import UNREADABLE, Preprocessing
from fdemd.faces.queries import QueryMaker, query_builder
from fdemd.files.ownership import is_marked
from fdemd.files.text import csv_table
from fdemd.files.user_paths import check_file
from fdemd.files.writing import write_text
from fdemd.runs.steady_progress import steady_progress, track
from fdemd.settings.queries import check_queries

ORIGINALS = "originals"
_AT_ONCE = 32
"""Copies between two notes in the journal; so many are made again after a kill, at most."""
_PIPELINE = 1
"""Raised when the same settings give other pictures, so that two generations never stand in one folder."""


@dataclass(frozen=True)
class Request:
    """Request for copies of photographs as queries.

    Attributes:
        manifest: CSV file of the photographs.
        out: Folder of the copies and their manifest; may be that of ``manifest`` if fdemd prepared it.
        kind: Kind of query, one of :func:`data_prep.query_kinds.copied_kinds`.
        settings: Settings of the kind, see :func:`data_prep.query_kinds.default_settings`.
        preprocessing: Alignment, size and detector; those of a network give the pictures that it would take.
        seed: Seed of the queries, as in an evaluation.
        share: Share of the photographs that get a copy, above 0 and at most 1.
        workers: Number of processes besides this one; 0 works in this one.
    """

    manifest: Path
    out: Path
    kind: str
    settings: Mapping[str, Any]
    preprocessing: Preprocessing
    seed: int = 0
    share: float = 1.0
    workers: int = 0


@dataclass(frozen=True)
class Copies:
    """Result of :func:`occlude`.

    Attributes:
        manifest: Path of the manifest of originals and copies.
        made: Number of photographs that have a copy.
        new: Number of these copies that this run made.
        problems: Problem -> number of photographs that have no copy because of it.
        lost: Number of originals that are not in the manifest, since they cannot be read.
        left_out: Path of the list of the photographs without a copy and of the lost originals.
    """

    manifest: Path
    made: int
    new: int
    problems: Counter[str]
    lost: int
    left_out: Path


def template_of(manifest: Path) -> str:
    """Return the template that the faces of a manifest follow; ``insightface`` if they are photographs as taken.

    Raises:
        InputError: The manifest cannot be read, or its faces follow several templates.
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
        InputError: The manifest, a setting or the folder cannot be used.
    """
    if not 0 < request.share <= 1:
        raise InputError(f"--share is {request.share}; it must be above 0 and at most 1.")
    manifest = read_manifest(request.manifest)
    _check_aligned(manifest, request.preprocessing.template)
    settings = check_queries({request.kind: request.settings})[request.kind]
    maker = QueryMaker(request.kind, request.preprocessing.size, request.seed, settings)
    chosen = tuple(row for row in manifest.photographs if row.is_query and is_chosen(row.path, request))
    if not (_is_here(manifest, request) and (is_ours(request.out, FACES) or is_marked(request.out, COPIES))):
        check_apart(request.out, [manifest.root])
    with output_folder(request.out, COPIES):
        return _occluded(manifest, chosen, maker, request)


def _occluded(manifest: Manifest, chosen: tuple[Photograph, ...], maker: QueryMaker, request: Request) -> Copies:
    targets = copy_paths(request.kind, [row.path for row in chosen])
    records, new = _made(manifest, chosen, targets, maker, request)
    made = {record.name for record in records if not record.problem}
    if not made:
        first = f"; the first, {records[0].name}: {records[0].reason}" if records else ""
        raise InputError(f"None of the {len(chosen)} photographs chosen in {request.manifest} could be copied{first}.")
    rows, lost = _rows(manifest, {row: targets[row.path] for row in chosen if row.path in made}, request)
    path, left_out = request.out / f"{request.kind}.csv", request.out / f"{request.kind}_left_out.csv"
    write_manifest(Manifest(path.parent, rows), path, AGAIN)
    without = [(record.name, record.problem, record.reason) for record in records if record.problem]
    told = {name for name, _, _ in without}
    unlinked = [(name, UNREADABLE, reason) for name, reason in lost.items() if name not in told]
    write_text(left_out, csv_table([("path", "problem", "reason"), *without, *unlinked]))
    problems = Counter(record.problem for record in records if record.problem)
    return Copies(path, len(made), new, problems, len(lost), left_out)


def is_chosen(path: str, request: Request) -> bool:
    """Return whether a photograph gets a copy; with one seed, a larger share includes a smaller one."""
    digest = hashlib.sha256(f"{request.seed}/share/{path}".encode()).digest()
    return int.from_bytes(digest[:8], "big") < request.share * 2**64


def _is_here(manifest: Manifest, request: Request) -> bool:
    """Return whether the copies go to the folder of the manifest."""
    return request.out.resolve() == manifest.root


def _made(
    manifest: Manifest,
    chosen: tuple[Photograph, ...],
    targets: Mapping[str, str],
    maker: QueryMaker,
    request: Request,
) -> tuple[list[Record], int]:
    """Return a record for each chosen photograph, and how many of them are new."""
    settings = {
        "kind": request.kind,
        **request.settings,
        "seed": request.seed,
        "share": request.share,
        "template": request.preprocessing.template,
        "size": list(request.preprocessing.size),
        "detector": request.preprocessing.detector,
        "pipeline": _PIPELINE,
        **code_key(query_builder(request.kind)),
    }
    height, width = request.preprocessing.size
    again = "once it can be, run the same command again, and it goes on where it was"
    room = f" ({len(chosen):,} copies take up to {decimal(3 * height * width * len(chosen))})"
    copying = Copying(manifest, chosen, targets, maker, request.preprocessing, request.out, again + room)
    with Journal(request.out / f"{request.kind}.jsonl", settings, again + room) as journal:
        rows = range(len(copying))
        checked = track(rows, "Checking copies") if journal.records else rows
        missing = [row for row in checked if not copying.is_done(row, journal.records.get(chosen[row].path))]
        loader = DataLoader(
            copying,
            batch_size=_AT_ONCE,
            sampler=missing,
            num_workers=request.workers if missing else 0,
            collate_fn=list,
            worker_init_fn=worker_init,
            in_order=False,
        )
        with left_to_this_process():
            batches = iter(loader)
        with steady_progress(f"Making {request.kind} copies", len(missing)) as advance:
            for records in batches:
                for record in records:
                    if isinstance(record, InputError):
                        raise record
                journal.add(records)
                advance(len(records))
        return journal.finish(row.path for row in chosen), len(missing)


def _check_aligned(manifest: Manifest, template: str) -> None:
    for row in manifest.photographs:
        if row.aligned not in ("", template):
            raise InputError(
                f"{row.path} in {manifest.root} is aligned as {row.aligned!r}, not as {template!r}; copies must follow "
                f"the same template: give --template {row.aligned}."
            )


def _rows(
    manifest: Manifest, copied: Mapping[Photograph, str], request: Request
) -> tuple[tuple[Photograph, ...], dict[str, str]]:
    """Return the rows of originals and copies, and path -> reason of the originals that cannot be linked.

    An original that is neither of the gallery nor of a split nor the source of a copy is dropped.
    """
    here = _is_here(manifest, request)
    place = "" if here else f"{ORIGINALS}/"
    sources = {row.source for row in copied}
    rows, lost = [], {}
    for row in manifest.photographs:
        if row.is_gallery or row.split or row.path in sources:
            if not here:
                try:
                    check_file(manifest.file(row), "The photograph")
                except InputError as error:
                    lost[row.path] = str(error)
                    continue
                link(manifest.file(row), request.out / ORIGINALS / row.path)
            rows.append(replace(row, path=place + row.path, source=place + row.source, is_query=False))
    for row, path in copied.items():
        template = request.preprocessing.template
        rows.append(replace(row, path=path, source=place + row.source, is_gallery=False, aligned=template))
    return tuple(rows), lost
