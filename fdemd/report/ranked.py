"""A few queries and their best five before and after re-ranking, as text: what a figure is made of."""

from __future__ import annotations

import csv

import torch
from pytorch_lightning.utilities.rank_zero import rank_zero_only
from torch import Tensor

from fdemd.data.manifest import Manifest
from fdemd.retrieval.ranking import NOBODY, Ranking
from fdemd.runs.loggers import RunLog

PLACES = 5
COLUMNS = ("kind", "query", "identity", "stage", *map(str, range(1, PLACES + 1)))


def ranked_rows(
    kind: str,
    stages: dict[str, Ranking],
    manifest: Manifest,
    query_rows: Tensor,
    gallery_rows: Tensor,
    queries: int = 8,
) -> list[list[str]]:
    """Return rows of :data:`COLUMNS`, one a query and stage.

    Args:
        kind: Kind of query.
        stages: Name of a stage, such as ``stage 1`` -> its ranking of the ``Q`` queries.
        manifest: All photographs.
        query_rows: ``(Q,)`` manifest rows of the queries.
        gallery_rows: ``(G,)`` manifest rows of the gallery, which the rankings count from 0.
        queries: Most queries to show; spread evenly, and the same ones whenever ``Q`` is the same.

    Returns:
        The query's path and identity, and at each place ``IDENTITY right|wrong SCORE``, empty where nobody is left.
    """
    photographs = manifest.photographs
    chosen = torch.linspace(0, len(query_rows) - 1, min(queries, len(query_rows))).long()
    rows = []
    for number in chosen.tolist():
        query = photographs[int(query_rows[number])]
        for stage, ranking in stages.items():
            places = [""] * PLACES
            found = zip(ranking.indices[number].tolist(), ranking.scores[number].tolist(), strict=True)
            for place, (index, score) in zip(range(PLACES), found, strict=False):
                if index != NOBODY:
                    identity = photographs[int(gallery_rows[index])].identity
                    places[place] = f"{identity} {'right' if identity == query.identity else 'wrong'} {score:.3f}"
            rows.append([kind, query.path, query.identity, stage, *places])
    return rows


@rank_zero_only
def log_ranked(log: RunLog, rows: list[list[str]], step: int) -> None:
    """Add rows of :func:`ranked_rows` to ``ranked.csv`` of the run, and log them as the table of this step."""
    path = log.folder / "ranked.csv"
    new = not path.exists()
    with path.open("a", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        if new:
            writer.writerow(("step", *COLUMNS))
        writer.writerows([step, *row] for row in rows)
    log.table("validation/ranked", COLUMNS, rows, step)
