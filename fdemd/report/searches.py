"""Every search of an open set as a line of ``queries.csv``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from torch import Tensor

from fdemd.data.manifest import Manifest
from fdemd.report.queries import NO_FACE_FOUND, ranking_cells, stage_columns
from fdemd.runs.files import write_table
from fdemd.scoring.open_set import OpenSet


def write_searches(path: Path, manifest: Manifest, gallery_rows: Tensor, results: Sequence[OpenSet]) -> None:
    """Write a line a search: those for people inside the gallery under each protocol, those outside once a kind.

    Columns: kind and protocol; path and person; whether the person is in the gallery; ``problem`` (``no face found``);
    of each stage what :func:`fdemd.report.queries.ranking_cells` gives.

    Args:
        path: File to write.
        manifest: All photographs.
        gallery_rows: ``(G,)`` manifest rows of the gallery, in the order of the rankings.
        results: What was found, for each kind of query and protocol.

    Raises:
        InputError: The file cannot be written.
    """
    header = ["query", "protocol", "path", "person", "in the gallery", "problem"]
    header += stage_columns(list(results[0].mated.rankings))
    write_table(path, _lines(header, manifest, gallery_rows, results))


def _lines(
    header: Sequence[str], manifest: Manifest, gallery_rows: Tensor, results: Sequence[OpenSet]
) -> Iterator[Sequence[object]]:
    yield header
    photographs = manifest.photographs
    gallery = [photographs[row].identity for row in gallery_rows.tolist()]
    groups = [(each.kind, each.protocol, "yes", each.mated) for each in results]
    groups += [(kind, "", "no", found) for kind, found in {each.kind: each.nonmated for each in results}.items()]
    for kind, protocol, known, searches in groups:
        found = [ranking_cells(searches.rankings[stage], searches.hits[stage], gallery) for stage in searches.rankings]
        for number, picture in enumerate(searches.picture.tolist()):
            photograph = photographs[picture if picture >= 0 else -1 - picture]
            line = [kind, protocol, photograph.path, photograph.identity, known]
            if number < len(searches) - searches.missed:
                yield [*line, "", *(cell for stage in found for cell in stage[number])]
            else:
                yield [*line, NO_FACE_FOUND] + [""] * (len(header) - len(line) - 1)
