"""What ``python -m fdemd explain`` leaves behind: a table on the terminal, and files with every number."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fdemd.emd.contributions import Match, strongest
from fdemd.report.table import Cells, Table, print_sentence, print_tables
from fdemd.runs.files import versions, write_csv, write_json
from fdemd.scoring.explanation import Explanation
from fdemd.settings.ranking import EmdRerank

_PRINTED = 10


def print_explanation(explanation: Explanation, rerank: EmdRerank, title: str, notes: Sequence[str]) -> None:
    """Print the three scores and the strongest matches."""
    scores = (
        f"cosine {explanation.cosine:.4f}, Earth Mover's similarity {explanation.emd:.4f}, "
        f"mixed {explanation.mixed:.4f} (alpha {rerank.alpha})"
    )
    matches = strongest(explanation.flow, explanation.patch_cosine, _PRINTED)
    cells: list[Cells] = [
        {
            "query patch": "{},{}".format(*_place(match.query, explanation.grid)),
            "gallery patch": "{},{}".format(*_place(match.gallery, explanation.grid)),
            "flow": f"{match.flow:.5f}",
            "cosine": f"{match.cosine:.4f}",
            "contribution": f"{match.flow * match.cosine:.5f}",
        }
        for match in matches
    ]
    notes = ["Patches: row,column from the top left, from 1. Contributions of all pairs add up to the EMD.", *notes]
    print_sentence(title)
    print_tables([Table(scores, cells, notes=notes)])


def write_explanation(
    folder: Path, explanation: Explanation, rerank: EmdRerank, facts: dict[str, Any], notes: Sequence[str]
) -> None:
    """Write ``explanation.json``, ``patches.csv`` (each patch) and ``matches.csv`` (each pair, most flow first)."""
    patches = _patch_rows(explanation)
    matches = strongest(explanation.flow, explanation.patch_cosine, explanation.flow.numel())
    scores = {name: getattr(explanation, name) for name in ("cosine", "emd", "mixed")}
    content = {
        **facts,
        "rerank": rerank.plain(),
        "scores": scores,
        "grid": list(explanation.grid),
        "notes": list(notes),
        "patches": patches,
        "matches": [_match_row(match, explanation.grid) for match in matches[:_PRINTED]],
        "versions": versions(),
    }
    write_json(folder / "explanation.json", content)
    write_csv(folder / "patches.csv", patches)
    write_csv(folder / "matches.csv", [_match_row(match, explanation.grid) for match in matches])


def _patch_rows(explanation: Explanation) -> list[dict[str, Any]]:
    shares = explanation.contributions
    sides = (
        ("query", explanation.query_weight, shares.query),
        ("gallery", explanation.gallery_weight, shares.gallery),
    )
    rows = []
    for face, weights, share in sides:
        for cell, (weight, contribution) in enumerate(zip(weights.tolist(), share.tolist(), strict=True)):
            row, column = _place(cell, explanation.grid)
            rows.append({"face": face, "row": row, "column": column, "weight": weight, "contribution": contribution})
    return rows


def _match_row(match: Match, grid: tuple[int, int]) -> dict[str, Any]:
    row, column = _place(match.query, grid)
    there_row, there_column = _place(match.gallery, grid)
    return {
        "query row": row,
        "query column": column,
        "gallery row": there_row,
        "gallery column": there_column,
        "flow": match.flow,
        "cosine": match.cosine,
        "contribution": match.flow * match.cosine,
    }


def _place(cell: int, grid: tuple[int, int]) -> tuple[int, int]:
    """Row and column, counted from 1."""
    row, column = divmod(cell, grid[1])
    return row + 1, column + 1
