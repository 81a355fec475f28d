"""The report of a preparation, for people (report.md) and programs (report.json, unused.csv, duplicates.csv)."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data_prep.duplicates import LookAlikes, Picture, exact_duplicates, look_alikes
from data_prep.faces import Record
from data_prep.sources import Source
from fdemd.data.manifest import Photograph
from fdemd.data.preparation_report import REPORT, WITHOUT_FACE
from fdemd.errors import InputError
from fdemd.faces.photographs import NO_FACE, UNREADABLE, Preprocessing, advice_on_losses, many_lost
from fdemd.files.text import csv_table, to_printable
from fdemd.files.writing import write_text

if TYPE_CHECKING:
    from data_prep.likeness import Likenesses

NOT_USED, EXCLUDED, NOBODY = "not used", "excluded", "nobody"
"""Why something is in unused.csv: no photograph of the set, one of a person who is left out, a name that nobody has."""


@dataclass(frozen=True)
class Findings:
    """Findings of a preparation.

    Attributes:
        name: Name of the set.
        preprocessing: How the faces were made.
        opened: The set as it was downloaded.
        source: The set without the people who were to be left out.
        records: Record of each item, in the order of the items.
        manifests: File name -> rows.
        overlaps: Other manifest -> people of this set who are in it too, by name.
        likenesses: People who look like somebody of another manifest; None if that was not asked for.
        made: Number of photographs that were read in this run, not in an earlier one; not part of the report.
    """

    name: str
    preprocessing: Preprocessing
    opened: Source
    source: Source
    records: Sequence[Record]
    manifests: Mapping[str, Sequence[Photograph]]
    overlaps: Mapping[str, Sequence[str]]
    likenesses: Likenesses | None
    made: int

    @cached_property
    def problems(self) -> Counter[str]:
        """Problem -> number of photographs that gave no face because of it."""
        return Counter(record.problem for record in self.records if record.problem)

    @property
    def faces(self) -> int:
        """Number of photographs that gave a face."""
        return len(self.records) - self.problems.total()

    @cached_property
    def without_face(self) -> list[tuple[str, str, str]]:
        """Photographs that gave no face: name in the download, problem and reason."""
        return [
            (item.shown, record.problem, record.reason)
            for item, record in zip(self.source.items, self.records, strict=True)
            if record.problem
        ]

    @cached_property
    def unused(self) -> list[tuple[str, str, str]]:
        """Everything that gave no face: photographs without a face, and files that are none or were not to be used."""
        why = [NOT_USED] * len(self.opened.unused) + [EXCLUDED] * self.excluded + [NOBODY] * self.nobody
        return self.without_face + [
            (name, word, reason) for word, (name, reason) in zip(why, self.source.unused, strict=True)
        ]

    @cached_property
    def same_bytes(self) -> list[list[str]]:
        """Groups of photographs that are the same file."""
        return exact_duplicates((record.name, record.sha256) for record in self.records if record.sha256)

    @cached_property
    def look_alikes(self) -> LookAlikes:
        """Photographs that are nearly, but not exactly, the same picture."""
        return look_alikes(
            [
                Picture(item.name, item.identity, record.sha256, record.hash)
                for item, record in zip(self.source.items, self.records, strict=True)
                if record.problem != UNREADABLE
            ]
        )

    @property
    def excluded(self) -> int:
        """Number of photographs of people who were to be left out."""
        return len(self.opened.items) - len(self.source.items)

    @property
    def nobody(self) -> int:
        """Number of names of people to leave out that nobody has."""
        return len(self.source.unused) - len(self.opened.unused) - self.excluded

    @property
    def images_per_person(self) -> Counter[int]:
        """Number of photographs -> number of people who have so many."""
        return Counter(Counter(item.identity for item in self.source.items).values())

    @cached_property
    def facts(self) -> dict[str, Any]:
        """All counts and names, as ``report.json`` has them."""
        return _facts(self)

    @property
    def summary(self) -> str:
        """The counts in sentences, safe to print."""
        return "\n".join(_sentences(self))


def write_report(findings: Findings, out: Path) -> None:
    """Write the report; the same set gives the same bytes.

    The files are ``report.json``, ``report.md``, ``unused.csv``, ``duplicates.csv`` and, if people were compared by
    their embeddings, ``alike.csv``.
    """
    if findings.likenesses:
        findings.likenesses.write(out / "alike.csv")
    write_text(out / REPORT, json.dumps(findings.facts, indent=1, ensure_ascii=False, allow_nan=False) + "\n")
    write_text(out / "report.md", _markdown(findings))
    write_text(out / "unused.csv", csv_table([("path", "problem", "reason"), *findings.unused]))
    write_text(out / "duplicates.csv", csv_table(_duplicates(findings)))


def check_same_set(name: str, out: Path) -> None:
    """Check that a folder holds no faces of another set, whose manifest and journal would be replaced.

    Args:
        name: Name of the set that is to be prepared.
        out: Folder that the faces go to. One without a report, or with one that cannot be read, was never finished.

    Raises:
        InputError: The report in the folder is of another set.
    """
    try:
        report = json.loads((out / REPORT).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return
    earlier = report.get("set") if isinstance(report, dict) else None
    if earlier not in (None, name):
        raise InputError(
            f"{out} holds the prepared faces of {to_printable(str(earlier))}, whose manifest those of {name} would "
            "replace; choose another folder with --out."
        )


def _duplicates(findings: Findings) -> Iterator[tuple[object, ...]]:
    identities = {item.name: item.identity for item in findings.source.items}
    yield "first", "second", "bits", "first_identity", "second_identity"
    for first, *others in findings.same_bytes:
        yield from ((first, other, "same file", identities[first], identities[other]) for other in others)
    yield from ((a.name, b.name, bits, a.identity, b.identity) for a, b, bits in findings.look_alikes.listed)


def _facts(findings: Findings) -> dict[str, Any]:
    counts = findings.images_per_person
    return {
        "set": findings.name,
        "preprocessing": {**asdict(findings.preprocessing), "size": list(findings.preprocessing.size)},
        "official": findings.source.official and dict(zip(("images", "people"), findings.source.official, strict=True)),
        "photographs": {
            "in the source": len(findings.opened.items),
            "of excluded people": findings.excluded,
            "found": len(findings.records),
            "people": counts.total(),
            "people with two or more": counts.total() - counts[1],
            "of people with two or more": len(findings.records) - counts[1],
            "with several faces": sum(record.faces > 1 for record in findings.records),
            "tight crops": sum(record.weak for record in findings.records),
        },
        "faces": findings.faces,
        "without a face": {problem: findings.problems[problem] for problem in (UNREADABLE, NO_FACE)},
        WITHOUT_FACE: findings.without_face,
        "files not used": dict(sorted(Counter(entry.reason for entry in findings.opened.unused).items())),
        "excluded names that nobody has": findings.nobody,
        "images per person": {str(images): people for images, people in sorted(counts.items())},
        "duplicates": {
            "groups of the same file": len(findings.same_bytes),
            "pairs that look alike": findings.look_alikes.pairs,
            "of them of different people": findings.look_alikes.of_different_people,
        },
        "manifests": {
            file: {
                "images": len(rows),
                "people": len({row.identity for row in rows}),
                "queries": sum(row.is_query for row in rows),
                "gallery": sum(row.is_gallery for row in rows),
                "queries with nobody to find": _lost_queries(rows),
            }
            for file, rows in findings.manifests.items()
        },
        "people also in": {manifest: list(people) for manifest, people in findings.overlaps.items()},
        "people alike": _alike(findings.likenesses) if findings.likenesses else None,
    }


def _alike(likenesses: Likenesses) -> dict[str, Any]:
    return {
        "network": likenesses.network,
        "threshold": likenesses.threshold,
        "in": {
            manifest: {
                "pairs": len(pairs),
                "of them of one name": sum(pair.same_name for pair in pairs),
                "photographs not looked at": likenesses.left_out[manifest],
            }
            for manifest, pairs in likenesses.pairs.items()
        },
    }


def _lost_queries(rows: Sequence[Photograph]) -> int:
    """Return the number of queries of people of whom the gallery has no other photograph."""
    gallery = Counter(row.identity for row in rows if row.is_gallery)
    return sum(row.is_query and gallery[row.identity] <= row.is_gallery for row in rows)


def _markdown(findings: Findings) -> str:
    lines = [
        *_sentences(findings),
        "",
        "| manifest | images | people | queries | gallery | queries with nobody to find |",
        "|---|---|---|---|---|---|",
        *(
            f"| {file} | " + " | ".join(f"{value:,}" for value in row.values()) + " |"
            for file, row in findings.facts["manifests"].items()
        ),
        "",
        "| photographs of a person | people |",
        "|---|---|",
        *(f"| {images} | {people:,} |" for images, people in findings.facts["images per person"].items()),
    ]
    return "\n".join(lines) + "\n"


def _sentences(findings: Findings) -> list[str]:
    preprocessing, facts = findings.preprocessing, findings.facts
    found, alike = facts["photographs"], facts["duplicates"]
    height, width = preprocessing.size
    lines = [
        f"# {findings.name}",
        "",
        f"Faces of {height}x{width} pixels (height x width), template {preprocessing.template}, found by "
        f"{preprocessing.detector}.",
        "",
        f"- {found['found']:,} photographs of {found['people']:,} people; {found['people with two or more']:,} people "
        f"have two or more, {found['of people with two or more']:,} photographs together.",
        f"- {findings.faces:,} faces; {findings.problems[NO_FACE]:,} photographs show none that the detector finds, "
        f"{findings.problems[UNREADABLE]:,} cannot be read. {found['with several faces']:,} show several; the largest "
        "central one was taken.",
        f"- {len(findings.opened.unused):,} other files were not used. All that gave no face is in unused.csv.",
    ]
    if found["tight crops"]:
        lines.append(
            f"- {found['tight crops']:,} are tight crops of whose face the detector is not sure; they are used."
        )
    if many_lost(findings.problems[NO_FACE], len(findings.records)):
        lines.append(f"- {advice_on_losses('--')}")
    if findings.excluded:
        lines.append(
            f"- {findings.excluded:,} more photographs are of people who were to be left out; {findings.nobody:,} of "
            "the names to leave out are nobody's."
        )
    if official := findings.source.official:
        if official == (found["found"], found["people"]):
            lines.append("- The numbers of photographs and people are those of the publication.")
        else:
            lines.append(f"- The publication has {official[0]:,} photographs of {official[1]:,} people: NOT THE SAME.")
    lines += [
        f"- {alike['groups of the same file']:,} groups of photographs are the same file; "
        f"{alike['pairs that look alike']:,} pairs look alike, {alike['of them of different people']:,} of them of "
        "different people (duplicates.csv, where every photograph stands beside the first that has its looks).",
        *(
            f"- {len(people):,} people are in {manifest} too{': ' if people else ''}{', '.join(people)}."
            for manifest, people in findings.overlaps.items()
        ),
        *_lines_of_alike(facts["people alike"]),
    ]
    return [to_printable(line) for line in lines]  # names are not ours


def _lines_of_alike(alike: Mapping[str, Any] | None) -> list[str]:
    if alike is None:
        return []
    return [
        f"- {counts['pairs']:,} pairs of a person and one of {manifest} look alike to {alike['network']} (cosine of "
        f"their centres {alike['threshold']:g} or more), {counts['of them of one name']:,} of them of one name "
        f"(alike.csv); {counts['photographs not looked at']:,} photographs could not be looked at."
        for manifest, counts in alike["in"].items()
    ]
