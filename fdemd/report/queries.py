"""Every query of a run as a line of ``queries.csv``: who was looked for, and who was found."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from fdemd.data.datamodule import FaceDataModule
from fdemd.retrieval.ranking import NOBODY, Ranking
from fdemd.runs.files import write_table
from fdemd.scoring.closed_set import STAGE_1, STAGE_2, Comparison
from fdemd.scoring.open_set import OpenSet

QUERIES = "queries.csv"
SHOWN = 5
"""Best faces of each stage."""
_BYTES_A_ROW = 400
"""On average, with names as long as those of LFW."""


def write_queries(path: Path, faces: FaceDataModule, comparisons: Sequence[Comparison]) -> None:
    """Write a line a query, for each kind and protocol.

    Columns: kind and protocol; path and person of the query; ``problem`` (``lone``: nobody to find in the gallery, not
    averaged; ``no face found``: a miss); the alpha that ``alpha=auto`` chose; of each stage the place of the right
    person, empty if it is none of those that were ranked, and the best five with their scores.

    Args:
        path: of the file.
        faces: queries and gallery, in the order of the rankings.
        comparisons: with the truth.

    Raises:
        InputError: the file cannot be written.
    """
    stages = [STAGE_1] + [STAGE_2] * any(each.stage2 is not None for each in comparisons)
    header = ["query", "protocol", "path", "person", "problem", "alpha"]
    write_table(path, _lines([*header, *_stage_columns(stages)], faces, comparisons))


def bytes_of_queries(faces: FaceDataModule, comparisons: int) -> int:
    """Roughly what the file will take, before any query is ranked."""
    return _BYTES_A_ROW * comparisons * sum(photograph.is_query for photograph in faces.manifest.photographs)


def _lines(
    header: Sequence[str], faces: FaceDataModule, comparisons: Iterable[Comparison]
) -> Iterator[Sequence[object]]:
    yield header
    photographs = faces.manifest.photographs
    gallery = [photographs[row].identity for row in faces.gallery_rows.tolist()]
    for comparison in comparisons:
        truth = comparison.truth
        assert truth is not None
        rankings = [ranking for ranking in (comparison.stage1, comparison.stage2) if ranking is not None]
        found = [_found(ranking, truth.hits(ranking), gallery) for ranking in rankings]
        lone = (truth.relevant == 0).tolist()
        alphas = [""] * len(lone) if comparison.alphas is None else [round(a, 4) for a in comparison.alphas.tolist()]
        for number, row in enumerate(faces.query_rows.tolist()):
            who = photographs[row].path, photographs[row].identity, "lone" if lone[number] else ""
            cells = [cell for stage in found for cell in stage[number]]
            yield [comparison.kind, comparison.protocol, *who, alphas[number], *cells]
        for row, failing in zip(faces.missed_rows.tolist(), truth.failing.tolist(), strict=True):
            problem = "no face found" if failing else "no face found, lone"
            line = [comparison.kind, comparison.protocol, photographs[row].path, photographs[row].identity, problem]
            yield line + [""] * (len(header) - len(line))


def write_searches(path: Path, faces: FaceDataModule, gallery_rows: Tensor, results: Sequence[OpenSet]) -> None:
    """Write a line a search of an open set: those inside the gallery under each protocol, those outside once a kind.

    Columns: kind and protocol; path and person; whether the person is in the gallery; ``problem`` (``no face found``);
    of each stage what :func:`write_queries` writes.

    Args:
        path: of the file.
        faces: of which queries and gallery are part.
        gallery_rows: manifest rows of the gallery, in the order of the rankings.
        results: a kind and protocol each.

    Raises:
        InputError: the file cannot be written.
    """
    header = ["query", "protocol", "path", "person", "in the gallery", "problem"]
    write_table(
        path, _search_lines([*header, *_stage_columns(list(results[0].mated.rankings))], faces, gallery_rows, results)
    )


def _search_lines(
    header: Sequence[str], faces: FaceDataModule, gallery_rows: Tensor, results: Sequence[OpenSet]
) -> Iterator[Sequence[object]]:
    yield header
    photographs = faces.manifest.photographs
    gallery = [photographs[row].identity for row in gallery_rows.tolist()]
    groups = [(each.kind, each.protocol, "yes", each.mated) for each in results]
    groups += [(kind, "", "no", found) for kind, found in {each.kind: each.nonmated for each in results}.items()]
    for kind, protocol, known, searches in groups:
        found = [_found(searches.rankings[stage], searches.hits[stage], gallery) for stage in searches.rankings]
        for number, picture in enumerate(searches.picture.tolist()):
            photograph = photographs[picture if picture >= 0 else -1 - picture]
            line = [kind, protocol, photograph.path, photograph.identity, known]
            if number < len(searches) - searches.missed:
                yield [*line, "", *(cell for stage in found for cell in stage[number])]
            else:
                yield [*line, "no face found"] + [""] * (len(header) - len(line) - 1)


def _stage_columns(stages: Sequence[str]) -> list[str]:
    places = [f"{what} {place}" for place in range(1, SHOWN + 1) for what in ("name", "score")]
    return [f"{stage} {column}" for stage in stages for column in ("rank", *places)]


def _found(ranking: Ranking, hits: Tensor, gallery: Sequence[str]) -> list[list[Any]]:
    """Cells of one stage, a line a query."""
    ranks = torch.where(hits.any(1), hits.int().argmax(1) + 1, 0).tolist()
    best = ranking.indices[:, :SHOWN].tolist()
    scores = ranking.scores[:, :SHOWN].tolist()
    lines = []
    for rank, rows, values in zip(ranks, best, scores, strict=True):
        line: list[Any] = [rank or ""]
        for row, score in zip(rows, values, strict=True):
            line += ["", ""] if row == NOBODY else [gallery[row], round(score, 4)]
        lines.append(line + [""] * (1 + 2 * SHOWN - len(line)))
    return lines
