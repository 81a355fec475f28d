"""Every query of a study as a line of ``queries.csv``: at which place each method has the right person."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from torch import Tensor

from fdemd.data.manifest import Manifest
from fdemd.report.methods import differing, method_label
from fdemd.report.queries import LONE, NO_FACE_FOUND
from fdemd.runs.files import write_table
from fdemd.scoring.study import Outcome


def write_study_queries(
    path: Path, manifest: Manifest, query_rows: Tensor, missed_rows: Tensor, outcomes: Sequence[Outcome]
) -> None:
    """Write a line a query, for each kind and protocol.

    Columns: kind and protocol; path and person of the query; ``problem`` (``lone``: nobody to find in the gallery, not
    averaged; ``no face found``: a miss); for stage 1 and each method the place of the right person, empty if it is none
    of those that were ranked.

    Args:
        path: File to write.
        manifest: All photographs.
        query_rows: ``(Q,)`` manifest rows of the queries with a face, in the order of the rankings.
        missed_rows: ``(M,)`` manifest rows of the queries whose face was not found.
        outcomes: What each method gave.

    Raises:
        InputError: The file cannot be written.
    """
    write_table(path, _lines(manifest, query_rows, missed_rows, [each for each in outcomes if each.ranks is not None]))


def _lines(
    manifest: Manifest, query_rows: Tensor, missed_rows: Tensor, outcomes: Sequence[Outcome]
) -> Iterator[Sequence[object]]:
    groups: dict[tuple[str, str], list[Outcome]] = {}
    for outcome in outcomes:
        groups.setdefault((outcome.kind, outcome.protocol), []).append(outcome)
    labels = method_labels([outcome.facts for outcome in next(iter(groups.values()))])
    yield ["query", "protocol", "path", "person", "problem", *(f"{label} rank" for label in labels)]
    photographs = manifest.photographs
    for group, found in groups.items():
        truth = found[0].truth
        assert truth is not None
        ranks = [each.ranks.tolist() for each in found if each.ranks is not None]
        for number, (row, relevant) in enumerate(zip(query_rows.tolist(), truth.relevant.tolist(), strict=True)):
            who = photographs[row].path, photographs[row].identity, "" if relevant else LONE
            yield [*group, *who, *(of_method[number] or "" for of_method in ranks)]
        for row, failing in zip(missed_rows.tolist(), truth.failing.tolist(), strict=True):
            problem = NO_FACE_FOUND if failing else f"{NO_FACE_FOUND}, {LONE}"
            yield [*group, photographs[row].path, photographs[row].identity, problem] + [""] * len(ranks)


def method_labels(facts: Sequence[Mapping[str, object]]) -> list[str]:
    """Return a different label for each method: its name, the settings that differ, and a number if these do not."""
    names = differing(facts)
    labels = [method_label(each, names) for each in facts]
    return [
        label if labels.count(label) == 1 else f"{label} ({labels[:place].count(label) + 1})"
        for place, label in enumerate(labels)
    ]
