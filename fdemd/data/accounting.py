"""What became of every photograph of a run: each row of a manifest is in exactly one count."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from fdemd.data.aligned import NO_FACE, UNREADABLE, AlignedFaces
from fdemd.data.manifest import Manifest, Photograph
from fdemd.data.twins import Twins, find_twins


@dataclass(frozen=True)
class Fates:
    """Some rows of a manifest by what became of them; each is in one count, and the counts add up to ``rows``.

    Attributes:
        rows: all of them.
        used: with a face, and used.
        no_face: in which no face was found.
        unreadable: whose file is no picture that can be read.
        aside: that the run had no use for, with a face or without: neither query nor gallery, or of people kept out.
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
        photographs: every row.
        queries: the rows that are marked as queries; ``used`` and ``no_face`` together are those that are asked.
        gallery: the rows that are marked as gallery.
        people: on all rows.
        people_used: with a photograph that is used.
        several: used photographs with more than one face, of which one was taken.
        ignored: files beside the manifest's that are no photographs of it.
        twins: asked queries of which a used gallery photograph shows the same picture, the query itself or its source.
        copies: photographs that are the same picture as another of the person; used, but neither finds the other.
        strangers: photographs that are the same picture as one of another person, so that a name is wrong; used.
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

    @property
    def asked(self) -> int:
        """Queries that are searched for: with a face, or without one, which is a miss."""
        return self.queries.used + self.queries.no_face

    def facts(self) -> dict[str, int]:
        """The counts by the names that result files give them."""
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
        }

    def query_facts(self) -> dict[str, int]:
        """The counts of queries and gallery likewise; the first four add up to the rows that are marked as queries."""
        return {
            "queries": self.asked,
            "queries_unreadable": self.queries.unreadable,
            "queries_set_aside": self.queries.aside,
            "gallery": self.gallery.used,
        }

    def sentence(self) -> str:
        """What became of the photographs, for the notes below a table."""
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
        return (
            f"{counts.rows} photographs of {self.people} people{people}: {counts.used} used, {counts.no_face} without "
            f"a face found, {counts.unreadable} unreadable{aside}; {self.ignored} other files.{same}{wrong}"
        )


def account(
    manifest: Manifest,
    faces: AlignedFaces,
    aside: Callable[[Photograph], bool] = lambda photograph: False,
    twins: Twins | None = None,
) -> Account:
    """Count what became of a manifest.

    Args:
        manifest: the photographs.
        faces: theirs.
        aside: tells the photographs that the run has no use for, whether they have a face or not.
        twins: as :func:`find_twins` gives them; None finds them.
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
    )


@dataclass(frozen=True)
class QueryCounts:
    """The queries of one kind under one protocol; each is in one count, and they add up to ``asked``.

    Attributes:
        asked: all that are searched for.
        averaged: with a face and somebody to find.
        missed: without a face, with somebody to find: averaged too, as a miss.
        lone: with nobody to find in the gallery, with a face or without: not averaged.
    """

    asked: int
    averaged: int
    missed: int
    lone: int

    def __post_init__(self) -> None:
        if self.averaged + self.missed + self.lone != self.asked:
            raise ValueError(f"{self} does not add up.")


def sentences_of_queries(counts: Iterable[tuple[str, QueryCounts]]) -> list[str]:
    """A sentence for each set of numbers, with the kinds of query that have it."""
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
