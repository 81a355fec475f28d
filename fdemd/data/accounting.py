"""What became of every photograph of a run: each row of a manifest is in exactly one count."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from fdemd.data.aligned import NO_FACE, UNREADABLE, AlignedFaces
from fdemd.data.manifest import Manifest, Photograph
from fdemd.data.twins import Twins, find_twins
from fdemd.faces.photographs import advice_on_losses, many_lost


@dataclass(frozen=True)
class Fates:
    """Some rows of a manifest by what became of them; each is in one count, and the counts add up to ``rows``.

    Attributes:
        rows: Number of all rows.
        used: Number of rows that have a face and are used.
        no_face: Number of rows in which no face was found.
        unreadable: Number of rows whose file is no picture that can be read.
        aside: Number of rows that the run has no use for, with a face or without: neither query nor gallery, or of
            people who are left out.
    """

    rows: int
    used: int
    no_face: int
    unreadable: int
    aside: int

    def __post_init__(self) -> None:
        if self.used + self.no_face + self.unreadable + self.aside != self.rows:
            raise ValueError(f"{self} does not add up.")


@dataclass(frozen=True)
class Account:
    """What became of a manifest.

    Attributes:
        photographs: Counts of every row.
        queries: Counts of the rows that are marked as queries; ``used`` and ``no_face`` together are those asked.
        gallery: Counts of the rows that are marked as gallery.
        people: Number of people on all rows.
        people_used: Number of people with a photograph that is used.
        several: Number of used photographs with more than one face, of which one was taken.
        ignored: Number of files beside the manifest's that are no photographs of it.
        twins: Number of asked queries of which a used gallery photograph shows the same picture: the query itself or
            its source.
        copies: Number of used photographs that are the same picture as another of the person; neither finds the other.
        strangers: Number of used photographs that are the same picture as one of another person: a name is wrong.
        weak: Number of used photographs that are tight crops, of whose face the detector is not sure.
    """

    photographs: Fates
    queries: Fates
    gallery: Fates
    people: int
    people_used: int
    several: int
    ignored: int
    twins: int
    copies: int
    strangers: int
    weak: int = 0

    @property
    def asked(self) -> int:
        """Number of queries that are searched for: with a face, or without one, which is a miss."""
        return self.queries.used + self.queries.no_face

    def facts(self) -> dict[str, int]:
        """Return the counts by the names that result files give them."""
        return {
            "photographs": self.photographs.rows,
            "people": self.people,
            "used": self.photographs.used,
            "unreadable": self.photographs.unreadable,
            "no_face_found": self.photographs.no_face,
            "set_aside": self.photographs.aside,
            "people_without_a_face": self.people - self.people_used,
            "several_faces": self.several,
            "ignored": self.ignored,
            "copies": self.copies,
            "of_two_people": self.strangers,
            "tight_crops": self.weak,
        }

    def query_facts(self) -> dict[str, int]:
        """Return the counts of queries and gallery likewise; those of queries add up to the rows marked as queries."""
        return {
            "queries": self.asked,
            "queries_unreadable": self.queries.unreadable,
            "queries_set_aside": self.queries.aside,
            "gallery": self.gallery.used,
        }

    def sentence(self) -> str:
        """Return what became of the photographs in a sentence, for the notes below a table."""
        counts = self.photographs
        aside = f", {counts.aside} set aside" if counts.aside else ""
        lost = self.people - self.people_used
        people = f" ({lost} of them without one that is used)" if lost else ""
        same = f" {self.copies} are the same picture as another of the person." if self.copies else ""
        wrong = (
            f" {self.strangers} are the same picture as one of another person: a name is wrong."
            if self.strangers
            else ""
        )
        crops = (
            f" {self.weak} are tight crops of whose face the detector is not sure; they are used." if self.weak else ""
        )
        if many_lost(counts.no_face, counts.rows):
            crops += f" {advice_on_losses('data.')}"
        return (
            f"{counts.rows} photographs of {self.people} people{people}: {counts.used} used, {counts.no_face} without "
            f"a face found, {counts.unreadable} unreadable{aside}; {self.ignored} other files.{same}{wrong}{crops}"
        )


def account(
    manifest: Manifest,
    faces: AlignedFaces,
    aside: Callable[[Photograph], bool] = lambda photograph: False,
    twins: Twins | None = None,
) -> Account:
    """Count what became of a manifest.

    Args:
        manifest: The photographs.
        faces: Their aligned faces.
        aside: Tells whether the run has no use for a photograph, with a face or without.
        twins: Photographs that are one picture; None finds them.
    """
    problems = {entry.row: entry.problem for entry in faces.left_out}
    rows = range(len(manifest))
    photographs = manifest.photographs
    away = {row for row in rows if aside(photographs[row])}
    used = [row for row in rows if row not in away and row not in problems]
    queries = [row for row in rows if photographs[row].is_query]

    def fates(of: Iterable[int]) -> Fates:
        found = ["aside" if row in away else problems.get(row, "used") for row in of]
        names = "used", NO_FACE, UNREADABLE, "aside"
        return Fates(len(found), *(found.count(name) for name in names))

    same = find_twins(manifest, faces) if twins is None else twins
    shown = {photographs[row].source for row in used if photographs[row].is_gallery}
    asked = [row for row in queries if row not in away and problems.get(row, NO_FACE) == NO_FACE]
    return Account(
        photographs=fates(rows),
        queries=fates(queries),
        gallery=fates(row for row in rows if photographs[row].is_gallery),
        people=len({photograph.identity for photograph in photographs}),
        people_used=len({photographs[row].identity for row in used}),
        several=len(set(faces.several).intersection(used)),
        ignored=len(manifest.ignored),
        twins=sum(photographs[row].source in shown for row in asked),
        copies=len(same.copies),
        strangers=len(same.strangers),
        weak=len(set(faces.weak).intersection(used)),
    )


@dataclass(frozen=True)
class QueryCounts:
    """The queries of one kind under one protocol; each is in one count, and they add up to ``asked``.

    Attributes:
        asked: Number of all queries that are searched for.
        averaged: Number of queries with a face and somebody to find.
        missed: Number of queries without a face, with somebody to find: averaged too, as a miss.
        lone: Number of queries with nobody to find in the gallery, with a face or without: not averaged.
    """

    asked: int
    averaged: int
    missed: int
    lone: int

    def __post_init__(self) -> None:
        if self.averaged + self.missed + self.lone != self.asked:
            raise ValueError(f"{self} does not add up.")


def sentences_of_queries(counts: Iterable[tuple[str, QueryCounts]]) -> list[str]:
    """Return a sentence for each set of counts, with the kinds of query that have it.

    Args:
        counts: Kinds of query and their counts.
    """
    told: dict[QueryCounts, list[str]] = {}
    for kind, each in counts:
        told.setdefault(each, []).append(kind)
    return [f"{', '.join(dict.fromkeys(kinds))}: {_sentence(each)}" for each, kinds in told.items()]


def _sentence(counts: QueryCounts) -> str:
    averaged = counts.averaged + counts.missed
    text = f"{averaged} of {counts.asked} queries are averaged"
    if counts.missed:
        text += f", {counts.missed} of them without a face found (a miss)"
    if counts.lone:
        text += f"; {counts.lone} are lone, without another photograph of the person in the gallery"
    return f"{text}."
