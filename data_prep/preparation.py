"""``python -m data_prep NAME``: from a download to faces, manifests, lists and a report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from data_prep.exclusions import without_people
from data_prep.faces import Record, face_path
from data_prep.files import AGAIN
from data_prep.galleries import join_gallery, read_gallery
from data_prep.layouts import LAYOUTS
from data_prep.making import make_faces
from data_prep.opening import check_download
from data_prep.output import FACES, check_apart, output_folder, work_folder
from data_prep.overlaps import shared_people
from data_prep.report import Findings, check_same_set, write_report
from data_prep.sets import SETS
from data_prep.sources import Item
from fdemd.data.manifest import Manifest, Photograph, check_identities
from fdemd.data.manifest_file import read_manifest, write_manifest
from fdemd.errors import InputError
from fdemd.faces.photographs import Preprocessing
from fdemd.files.writing import write_bytes
from fdemd.runs.ray_cluster import connect

if TYPE_CHECKING:
    from data_prep.likeness import Comparer


@dataclass(frozen=True)
class Request:
    """Request for the preparation of a set.

    Attributes:
        name: Name of the set in :data:`data_prep.sets.SETS`.
        paths: Downloaded files and folders.
        out: Output folder.
        preprocessing: How photographs become faces.
        workers: Number of processes; None for one a core.
        ray: Address of a Ray cluster that makes the faces instead of this machine.
        gallery: Manifest of the gallery, for sets of queries.
        against: Manifests of sets that should have no person in common with this one.
        exclude: File that names people to leave out.
        comparer: Compares the people with those of ``against`` by their embeddings; None does not.
    """

    name: str
    paths: tuple[Path, ...]
    out: Path
    preprocessing: Preprocessing
    workers: int | None
    ray: str | None = None
    gallery: Path | None = None
    against: tuple[Path, ...] = ()
    exclude: Path | None = None
    comparer: Comparer | None = None


def prepare(request: Request) -> Findings:
    """Make the faces that are missing, and write manifests, lists and reports.

    Raises:
        InputError: The download, the folder or a manifest cannot be used, the folder holds another set, or the cluster
            cannot be reached.
    """
    if request.ray is not None:
        connect(request.ray)
        # A cluster's processes are somewhere else.
        request = replace(request, out=request.out.absolute(), paths=tuple(path.absolute() for path in request.paths))
    layout, out = LAYOUTS.get(request.name), request.out
    for path in request.paths:
        check_download(path)
    check_apart(out, [*request.paths, *([request.gallery.parent] if request.gallery else [])])
    if layout and layout.gallery and not request.gallery:
        raise InputError(
            f"{request.name} are queries for the gallery of {layout.gallery}: prepare {layout.gallery} first, and name "
            "its manifest with --gallery PATH/manifest.csv."
        )
    gallery = read_gallery(request.gallery, request.preprocessing.template) if request.gallery else None
    others = {str(path): read_manifest(path) for path in request.against}
    with output_folder(out, FACES), work_folder(out) as work:
        check_same_set(request.name, out)
        opened = source = SETS[request.name](request.paths, work)
        if request.exclude:
            source = without_people(source, request.exclude)
        records, made = make_faces(source, request.preprocessing, out, request.workers, on_ray=request.ray is not None)
        photographs = _photographs(source.items, records, request.preprocessing.template)
        if not photographs:
            raise InputError(
                f"None of the {len(records)} photographs gave a face; the first, {records[0].name}: "
                f"{records[0].problem} ({records[0].reason})."
            )
        own = Manifest(out, tuple(photographs))
        if gallery:
            photographs = join_gallery(photographs, gallery, out)
        check_identities(photographs, out)
        further = dict(layout.further) if layout else {}
        manifests = {"manifest.csv": photographs, **{file: select(photographs) for file, select in further.items()}}
        for file, rows in manifests.items():
            write_manifest(Manifest(out, tuple(rows)), out / file, AGAIN)
        for file, content in source.lists.items():
            write_bytes(out / "lists" / file, content)
        people = {item.identity for item in source.items}
        findings = Findings(
            name=request.name,
            preprocessing=request.preprocessing,
            opened=opened,
            source=source,
            records=records,
            manifests=manifests,
            overlaps={
                path: shared_people(people, (row.identity for row in other.photographs))
                for path, other in others.items()
            },
            likenesses=request.comparer(own, others) if request.comparer else None,
            made=made,
        )
        write_report(findings, out)
    return findings


def _photographs(items: Sequence[Item], records: Sequence[Record], template: str) -> list[Photograph]:
    return [
        Photograph(
            face_path(item.name),
            item.identity,
            item.source or face_path(item.name),
            item.split,
            item.is_query,
            item.is_gallery,
            template,
        )
        for item, record in zip(items, records, strict=True)
        if not record.problem
    ]
