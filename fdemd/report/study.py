"""What a study leaves behind: a table a network, data set and protocol, CSV, JSON, figures, and one HTML page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from fdemd.data.accounting import QueryCounts, sentences_of_queries
from fdemd.data.datamodule import FaceDataModule
from fdemd.data.left_out import left_out_files
from fdemd.embedding.normalization import FittedNormalization
from fdemd.files.writing import write_text
from fdemd.metrics.identification import IDENTIFICATION
from fdemd.metrics.intervals import Estimate
from fdemd.report.identification import model_label
from fdemd.report.lines import markdown_lines, say, terminal_lines, unsaid
from fdemd.report.normalization import normalization_facts, normalization_note
from fdemd.report.page import FigureBlock, TableBlock, save_page
from fdemd.report.paper import PAPER, compared_with_paper, paper_cells
from fdemd.report.protocols import protocol_title, tables_of
from fdemd.report.study_figures import save_study_figure
from fdemd.report.tables import differing, method_label, percent, rounded
from fdemd.retrieval.protocol import LEAVE_ONE_OUT
from fdemd.runs.files import path_part, versions, write_csv, write_json, write_left_out, write_yaml
from fdemd.settings.ranking import EmdRerank

if TYPE_CHECKING:
    from fdemd.scoring.study import Outcome

_LEFT = ("query", "method")
_PAPER_LEFT = ("model", "data", "query", "protocol", "method", "weighting", "grid")
_NAMED_BY = ("weighting", "patches", "grid", "alpha", "k")


def point_label(config: Mapping[str, Any]) -> str:
    """Network and data set of a point in the name of a file.

    Raises:
        InputError: one of them cannot be part of it.
    """
    return path_part(f"{model_label(config['model'])}_{config['data']['name']}")


@dataclass(frozen=True)
class PointResult:
    """What one network gave on one data set.

    Attributes:
        config: of the point.
        faces: queries and gallery.
        queries: asked of each kind, of those that could be.
        outcomes: of every method, kind of query and protocol.
        weights_sha256: of the network.
        seconds: of each step.
        normalization: Score normalization; None without.
    """

    config: Mapping[str, Any]
    faces: FaceDataModule
    queries: int
    outcomes: Sequence[Outcome]
    weights_sha256: str
    seconds: Mapping[str, float]
    normalization: FittedNormalization | None = None

    @property
    def model(self) -> str:
        """Name of the network."""
        return model_label(self.config["model"])

    @property
    def data(self) -> str:
        """Name of the data set."""
        return str(self.config["data"]["name"])

    @property
    def label(self) -> str:
        """The network and the data set in the name of a file."""
        return point_label(self.config)

    @property
    def align(self) -> str:
        """How cosines are aligned, in words; empty without."""
        return self.normalization.settings.in_words if self.normalization else ""

    @property
    def title(self) -> str:
        """``dlib on orl``, and how cosines are aligned."""
        return f"{self.model} on {self.data}" + (f", {self.align}" if self.align else "")

    def rows(self, *, align: bool) -> list[dict[str, Any]]:
        """One flat row an outcome; figures in percent with the ends of their 95 % intervals.

        Args:
            align: with a column of it.
        """
        return [self._row(outcome, {"align": self.align} if align else {}) for outcome in self.outcomes]

    def _row(self, outcome: Outcome, extra: Mapping[str, str]) -> dict[str, Any]:
        row: dict[str, Any] = {"model": self.model, "data": self.data, **extra, "protocol": outcome.protocol}
        row |= {"query": outcome.kind, **outcome.facts}
        for name, estimate in outcome.figures.items():
            row[name], row[f"{name} low"], row[f"{name} high"] = map(rounded, estimate)
            if outcome.gains is not None:
                gain = outcome.gains[name]
                row |= dict(zip(_gain_columns(name), map(rounded, gain), strict=True))
            else:
                row |= dict.fromkeys(_gain_columns(name))
        row |= {"queries": outcome.queries, "missed": outcome.missed, "lone": outcome.lone}
        return row | {"seconds": None if outcome.seconds is None else round(outcome.seconds, 2)}

    def facts(self) -> dict[str, Any]:
        """What decided the figures, beside the settings."""
        return {
            "model": self.model,
            "weights_sha256": self.weights_sha256,
            "data": self.data,
            "data_sha256": self.faces.faces.digest,
            **self.faces.account.facts(),
            **self.faces.account.query_facts(),
            "queries a kind": self.queries,
            "of": self.faces.account.asked,
            **({"align": normalization_facts(self.normalization)} if self.normalization else {}),
            "seconds": {step: round(seconds, 2) for step, seconds in self.seconds.items()},
        }

    def left_out(self) -> list[tuple[str, str, str]]:
        """Files that gave no face: path, problem, reason."""
        found = left_out_files(self.faces.manifest, self.faces.faces)
        return found + list(self.normalization.left_out if self.normalization else ())


@dataclass(frozen=True)
class StudyReport:
    """Results of a study.

    Attributes:
        config: of the study.
        points: what each of its points gave.
        folder: an existing, empty folder for the files.
    """

    config: Mapping[str, Any]
    points: Sequence[PointResult]
    folder: Path

    def write(self) -> None:
        """Print the tables and write all files."""
        section, console, folder = self.config["study"], Console(), self.folder
        aligned = any(point.normalization for point in self.points)
        of_points = [compared_with_paper(point.rows(align=aligned), section["paper"]) for point in self.points]
        rows = [row for of_point in of_points for row in of_point]
        blocks: list[TableBlock | FigureBlock] = []
        said: set[str] = set()
        for number, (point, of_point) in enumerate(zip(self.points, of_points, strict=True)):
            tables = self._tables(point, of_point, said)
            for table in tables:
                console.print(terminal_lines(table.title, table.cells, table.notes, left=_LEFT))
            name = "figure" if len(self.points) == 1 else f"figure_{number + 1}_{point.label}"
            title = f"{section['title']}: {point.title}"
            files = save_study_figure(folder / name, of_point, title)
            if point.normalization:
                point.normalization.write(folder)
            blocks += [*tables, FigureBlock(title, files[1])]
        if paper := paper_cells(section["paper"]):
            blocks.append(TableBlock(f"What the paper reports ({section['paper']})", paper, _PAPER_LEFT, [PAPER]))
        texts = [
            markdown_lines(block.title, block.cells, block.notes) for block in blocks if isinstance(block, TableBlock)
        ]
        write_text(folder / "results.md", "\n".join(texts))
        write_csv(folder / "results.csv", rows)
        write_json(folder / "results.json", self._facts() | {"results": rows})
        write_yaml(folder / "config.yaml", dict(self.config))
        write_left_out(folder / "left_out.csv", [line for point in self.points for line in point.left_out()])
        save_page(folder / "report.html", section["title"], blocks, self._notes())
        done = f"Tables, figures, settings and one page with all of them, report.html, are in {folder}/"
        say(console, done)

    def _facts(self) -> dict[str, Any]:
        names = {"name": ", ".join(dict.fromkeys(point.data for point in self.points))}
        return {
            "written": datetime.now().astimezone().isoformat(timespec="seconds"),
            "study": dict(self.config["study"]),
            "data": names,
            "points": [point.facts() for point in self.points],
            "rerank": dict(self.config["rerank"]),
            "patch precision": self.config["features"]["dtype"],
            "seed": self.config["seed"],
            "legacy_self_count": self.config["legacy_self_count"],
            "unit": "percent; low and high are the ends of the 95 % bootstrap interval over people",
            "versions": versions(),
        }

    def _notes(self) -> list[str]:
        rerank = EmdRerank() if self.config["rerank"]["method"] != "emd" else EmdRerank(**self.config["rerank"])
        stop = f"converged to {rerank.tolerance:g}" if rerank.stop == "converged" else "official"
        notes = [
            "Mean in percent (95 % interval, bootstrap over people). maximum: the best that re-ranking the first k "
            "could do. results.csv has the gain of each method over stage 1, with its paired interval.",
            f"Patches in {self.config['features']['dtype']}, eps {rerank.eps:g}, stop {stop}, seed "
            f"{self.config['seed']}. s: seconds that the similarities of all pairs of one kind of query took, "
            "with making projected or pooled patches, on the machine and in the run that computed them.",
        ]
        if self.config["legacy_self_count"]:
            notes.append("R counts the query itself where it is in the gallery, as in the published tables (legacy).")
        return notes

    def _tables(self, point: PointResult, rows: Sequence[Mapping[str, Any]], said: set[str]) -> list[TableBlock]:
        """One table a protocol: a line a method and kind of query."""
        tables, account = [], point.faces.account
        measured, asked = list(dict.fromkeys(row["protocol"] for row in rows)), point.config["protocols"]
        who = (
            f"{account.sentence()} {point.queries} of {account.asked} queries a kind, {account.gallery.used} in the "
            "gallery."
        )
        shown_under = tables_of(measured, asked, account)
        for protocol in [each for each in measured if each in (*shown_under, LEAVE_ONE_OUT)]:
            chosen = [row for row in rows if row["protocol"] == protocol]
            shown = differing(chosen, _NAMED_BY)
            title = f"{point.title}, {protocol_title(protocol, asked, account)}"
            counts = ((row["query"], _counts(row, point.queries)) for row in chosen)
            notes = [who, *sentences_of_queries(counts)]
            notes += [normalization_note(point.normalization)] if point.normalization else []
            cells = [_cells(row, shown) for row in chosen]
            tables.append(TableBlock(title, cells, _LEFT, unsaid(notes, said)))
        return tables


def _counts(row: Mapping[str, Any], asked: int) -> QueryCounts:
    return QueryCounts(asked, row["queries"] - row["missed"], row["missed"], row["lone"])


def _gain_columns(name: str) -> tuple[str, str, str]:
    """Of a method's gain over stage 1 in one figure, and of the ends of its paired interval."""
    return f"{name} gain", f"{name} gain low", f"{name} gain high"


def _cells(row: Mapping[str, Any], shown: Sequence[str]) -> dict[str, str]:
    cells = {"query": row["query"], "method": method_label(row, shown)}
    for name in IDENTIFICATION:
        cells[name] = _with_interval(row, name) if name == "P@1" else _percent(row[name])
    cells["s"] = "" if row["seconds"] is None else f"{row['seconds']:.1f}"
    if "paper P@1" in row:
        known = row["paper P@1"] is not None
        cells["paper P@1"] = f"{row['paper P@1']:.1f} ({row['difference P@1']:+.1f})" if known else ""
    return cells


def _percent(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}"


def _with_interval(row: Mapping[str, Any], name: str) -> str:
    if row[name] is None:
        return "no query"
    return percent(Estimate(*(row[column] / 100 for column in (name, f"{name} low", f"{name} high"))))
