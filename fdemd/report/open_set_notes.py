"""What is said below the tables of an open set."""

from __future__ import annotations

from collections.abc import Sequence

from fdemd.data.accounting import Account
from fdemd.report.notes import pair_notes, weights_notes
from fdemd.report.second_stage import second_stage_note
from fdemd.retrieval.protocol import LEAVE_ONE_OUT
from fdemd.scoring.open_set import OpenSet
from fdemd.settings.jobs import Evaluate
from fdemd.settings.ranking import NoRerank


def open_set_notes(
    settings: Evaluate,
    results: Sequence[OpenSet],
    *,
    account: Account,
    gallery: tuple[int, int],
    outside: int,
    grid: tuple[int, int],
    weights_sha256: str,
    several_tables: bool,
) -> list[str]:
    """Return the notes of one table.

    Args:
        settings: Settings of the run.
        results: Results that the table shows.
        account: What became of the photographs.
        gallery: Number of faces and of people in the gallery that was searched.
        outside: Number of people taken out of it.
        grid: Rows and columns of the patches that stage 2 compared.
        weights_sha256: sha256 of the network's weights.
        several_tables: Whether there are other tables, so that clean queries stand under a protocol not their own.
    """
    section = settings.open_set
    assert section
    notes = [
        "Percent (95 % interval, bootstrap over people, T held fixed). FNIR: searches for people in the gallery "
        f"that do not have them in the first R = {section.rank} places with a score of T or more. FPIR met: searches "
        "for people outside whose first place has T or more. T is set on clean faces, at the FPIR in the first "
        "column.",
        f"N: {gallery[0]} gallery faces of {gallery[1]} people. Outside: {outside} people (share "
        f"{section.outside:g} of those with queries, seed {settings.seed}).",
        f"{account.sentence()} A query without a face found is a search without candidates.",
        *_search_counts(results),
    ]
    if several_tables and any(result.protocol == LEAVE_ONE_OUT for result in results):
        notes.append("Clean mated searches: leave-one-out.")
    rerank = settings.rerank
    if not isinstance(rerank, NoRerank):
        notes.append(second_stage_note(rerank, k=rerank.k, grid=grid, dtype=settings.features.compared_in))
    notes += weights_notes(weights_sha256)
    for result in results:
        unfinished = result.mated.unfinished + result.nonmated.unfinished
        fallbacks = result.mated.fallbacks + result.nonmated.fallbacks
        notes += pair_notes(result.kind, unfinished=unfinished, fallbacks=fallbacks)
    return notes


def _search_counts(results: Sequence[OpenSet]) -> list[str]:
    """A sentence for each set of numbers of searches, with the kinds of query that have it."""
    told: dict[str, list[str]] = {}
    for result in results:
        mated, nonmated = result.mated, result.nonmated
        text = (
            f"{len(mated)} mated searches of {mated.people} people ({mated.missed} without a face found), "
            f"{len(nonmated)} non-mated of {nonmated.people} ({nonmated.missed} without); {result.lone} lone ones, of "
            "people inside without another photograph of them in the gallery, are in no figure."
        )
        told.setdefault(text, []).append(result.kind)
    return [f"{', '.join(kinds)}: {text}" for text, kinds in told.items()]
