"""Every query of a run as a line of ``queries.csv``: who was looked for, and who was found."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from torch import Tensor

from fdemd.data.evaluated import EvaluatedData
from fdemd.data.manifest import Manifest
from fdemd.metrics.identification import first_hits
from fdemd.retrieval.ranking import NOBODY, Ranking
from fdemd.runs.files import write_table
from fdemd.scoring.closed_set import STAGE_1, STAGE_2, Comparison

QUERIES = "queries.csv"
SHOWN = 5
"""Best faces of each stage."""
NO_FACE_FOUND, LONE = "no face found", "lone"
"""Problems of a query: it counts as a miss, or has nobody to find in the gallery and is not averaged."""
_BYTES_A_ROW = 400
"""On average, with names as long as those of LFW."""


def write_queries(path: Path, data: EvaluatedData, comparisons: Sequence[Comparison]) -> None:
    """Write a line a query, for each kind and protocol.

    Columns: kind and protocol; path and person of the query; its problem; the alpha that ``alpha=auto`` chose; of each
    stage the place of the right person, empty if it is none of those that were ranked, and the best five with their
    scores.

    Args:
        path: File to write.
        data: Queries and gallery, in the order of the rankings.
        comparisons: Rankings of both stages.

    Raises:
        InputError: The file cannot be written.
    """
    stages = [STAGE_1] + [STAGE_2] * any(each.stage2 is not None for each in comparisons)
    header = ["query", "protocol", "path", "person", "problem", "alpha", *stage_columns(stages)]
    write_table(path, _lines(header, data, comparisons))


def bytes_of_queries(manifest: Manifest, comparisons: int) -> int:
    """Return roughly how many bytes the file will take, before any query is ranked."""
    return _BYTES_A_ROW * comparisons * sum(photograph.is_query for photograph in manifest.photographs)


def stage_columns(stages: Sequence[str]) -> list[str]:
    """Return the columns that :func:`ranking_cells` fills for each stage."""
    places = [f"{what} {place}" for place in range(1, SHOWN + 1) for what in ("name", "score")]
    return [f"{stage} {column}" for stage in stages for column in ("rank", *places)]


def ranking_cells(ranking: Ranking, hits: Tensor, gallery: Sequence[str]) -> list[list[Any]]:
    """Return the cells of one stage, a line a query: place of the right person, and the best five with their scores.

    Args:
        ranking: Ranking of ``Q`` queries.
        hits: ``(Q, L)`` boolean, whether the face at each place is of the right person.
        gallery: Names of the people of the gallery.
    """
    ranks = first_hits(hits).tolist()
    best = ranking.indices[:, :SHOWN].tolist()
    scores = ranking.scores[:, :SHOWN].tolist()
    lines = []
    for rank, rows, values in zip(ranks, best, scores, strict=True):
        line: list[Any] = [rank or ""]
        for row, score in zip(rows, values, strict=True):
            line += ["", ""] if row == NOBODY else [gallery[row], round(score, 4)]
        lines.append(line + [""] * (1 + 2 * SHOWN - len(line)))
    return lines


def _lines(header: Sequence[str], data: EvaluatedData, comparisons: Iterable[Comparison]) -> Iterator[Sequence[object]]:
    yield header
    photographs = data.manifest.photographs
    gallery = [photographs[row].identity for row in data.gallery_rows.tolist()]
    for comparison in comparisons:
        truth = comparison.truth
        assert truth is not None
        rankings = [ranking for ranking in (comparison.stage1, comparison.stage2) if ranking is not None]
        found = [ranking_cells(ranking, truth.hits(ranking), gallery) for ranking in rankings]
        lone = (truth.relevant == 0).tolist()
        alphas = [""] * len(lone) if comparison.alphas is None else [round(a, 4) for a in comparison.alphas.tolist()]
        for number, row in enumerate(data.query_rows.tolist()):
            who = photographs[row].path, photographs[row].identity, LONE if lone[number] else ""
            cells = [cell for stage in found for cell in stage[number]]
            yield [comparison.kind, comparison.protocol, *who, alphas[number], *cells]
        for row, failing in zip(data.missed_rows.tolist(), truth.failing.tolist(), strict=True):
            line = [comparison.kind, comparison.protocol, photographs[row].path, photographs[row].identity]
            line.append(NO_FACE_FOUND if failing else f"{NO_FACE_FOUND}, {LONE}")
            yield line + [""] * (len(header) - len(line))
