"""What a study leaves behind: a table a network, data set and protocol, CSV, JSON, figures, and one HTML page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fdemd.report.notes import UNIT, copies_notes, joined, legacy_notes
from fdemd.report.page import Figure, save_page
from fdemd.report.paper import PAPER, compared_with_paper, paper_cells
from fdemd.report.queries import QUERIES
from fdemd.report.second_stage import stopping_label
from fdemd.report.study_figures import save_study_figure
from fdemd.report.study_point import PointResult
from fdemd.report.study_queries import write_study_queries
from fdemd.report.study_tables import point_tables
from fdemd.report.table import Table, print_sentence
from fdemd.report.writing import publish
from fdemd.settings.comparing import Study
from fdemd.settings.jobs import Evaluate
from fdemd.settings.methods import combinations_of
from fdemd.settings.ranking import EmdRerank, second_stage_of

_PAPER_WORDS = ("model", "data", "query", "protocol", "method", "weighting", "grid")


@dataclass(frozen=True)
class StudyReport:
    """Results of a study.

    Attributes:
        settings: Settings of the study.
        points: What each of its networks and data sets gave.
        folder: Existing, empty folder for the files.
    """

    settings: Evaluate
    points: Sequence[PointResult]
    folder: Path

    def write(self) -> None:
        """Print the tables and write all files.

        Raises:
            InputError: A file cannot be written.
        """
        study, folder, known = self._study, self.folder, set[str]()
        blocks: list[Table | Figure] = []
        rows: list[dict[str, Any]] = []
        aligned = any(point.normalization for point in self.points)
        copied = any(point.settings.copies for point in self.points)
        for number, point in enumerate(self.points, start=1):
            rows_of_point = point.rows(with_normalization=aligned, with_copies=copied)
            of_point = compared_with_paper(rows_of_point, study.paper)
            rows += of_point
            suffix = "" if len(self.points) == 1 else f"_{number}_{point.label}"
            title = f"{study.title}: {point.title}"
            _, drawn = save_study_figure(folder / f"figure{suffix}", of_point, title)
            queries = folder / QUERIES.replace(".", f"{suffix}.")
            write_study_queries(queries, point.data.manifest, point.query_rows, point.missed_rows, point.outcomes)
            if point.normalization:
                point.normalization.write(folder)
            blocks += [*point_tables(point, of_point, known), Figure(title, drawn)]
        tables = [block for block in blocks if isinstance(block, Table)]
        publish(
            folder,
            self.settings,
            tables=tables,
            rows=rows,
            facts=self._facts(),
            left_out=[line for point in self.points for line in point.left_out()],
        )
        if paper := paper_cells(study.paper):
            blocks.append(Table(f"What the paper reports ({study.paper})", paper, _PAPER_WORDS, [PAPER]))
        save_page(folder / "report.html", study.title, blocks, self._notes())
        print_sentence(
            f"Tables, figures, each query ({QUERIES.replace('.', '*.')}), settings and one page with all tables and "
            f"figures, report.html, are in {folder}/"
        )

    @property
    def _study(self) -> Study:
        assert self.settings.study
        return self.settings.study

    def _facts(self) -> dict[str, Any]:
        return {
            "study": self._study.plain(),
            "data": {"name": joined(point.settings.data.name for point in self.points)},
            "points": [point.facts() for point in self.points],
            "rerank": self.settings.rerank.plain(),
            "patch_precision": self.settings.features.compared_in,
            "seed": self.settings.seed,
            "legacy_self_count": self.settings.legacy_self_count,
            "unit": UNIT,
        }

    def _notes(self) -> list[str]:
        transports = self._transports()
        eps = joined(f"{each.eps:g}" for each in transports)
        stop = joined(map(stopping_label, transports))
        computed = (
            f"Patches in {self.settings.features.compared_in}, eps {eps}, stop {stop}, seed" if transports else "Seed"
        )
        return [
            f"{computed} {self.settings.seed}. s: seconds that the similarities of all pairs of one kind of query "
            "took, with making projected or pooled patches, on the machine and in the run that computed them.",
            *dict.fromkeys(note for point in self.points for note in copies_notes(point.settings.copies)),
            *legacy_notes(self.settings.legacy_self_count),
        ]

    def _transports(self) -> list[EmdRerank]:
        """The settings of every Earth Mover's Distance that was computed."""
        stages = [second_stage_of(point.settings.rerank) for point in self.points]
        methods = [method for stage in stages if stage for method in combinations_of(self._study.methods, stage)]
        return [method.settings for method in methods if isinstance(method.settings, EmdRerank)]
