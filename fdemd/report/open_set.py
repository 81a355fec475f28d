"""What a run on an open set leaves behind: tables on the terminal, files, the DET curve and one page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from fdemd.data.evaluated import EvaluatedData
from fdemd.metrics.open_set import searches_needed
from fdemd.report.det import save_det
from fdemd.report.labels import model_label, run_title
from fdemd.report.open_set_notes import open_set_notes
from fdemd.report.open_set_tables import WORDS, open_set_cells, open_set_rows
from fdemd.report.page import Figure, save_page
from fdemd.report.protocols import protocol_title, tables_of
from fdemd.report.queries import QUERIES
from fdemd.report.searches import write_searches
from fdemd.report.table import Table, not_repeated, print_sentence
from fdemd.report.writing import publish, rounded_seconds
from fdemd.retrieval.protocol import LEAVE_ONE_OUT
from fdemd.scoring.open_set import RATES, OpenSet
from fdemd.settings.comparing import OpenSet as OpenSetSection
from fdemd.settings.jobs import Evaluate
from fdemd.settings.ranking import NoRerank


@dataclass(frozen=True)
class SearchedGallery:
    """The gallery that was searched.

    Attributes:
        rows: ``(G,)`` manifest rows of its faces.
        people: Number of its people.
        grid: Rows and columns of the patches that stage 2 compared.
        outside: People who were taken out of it.
    """

    rows: Tensor
    people: int
    grid: tuple[int, int]
    outside: frozenset[str]


@dataclass(frozen=True)
class OpenSetReport:
    """Results of one run and everything that decided them.

    Attributes:
        settings: Settings of the run.
        data: What the run used of its data, before anyone was taken out of the gallery.
        results: What was found, with its error rates, for each kind of query and protocol.
        gallery: The gallery that was searched.
        weights_sha256: sha256 of the network's weights.
        origins: Kind of query -> where its features came from.
        seconds: Step of the run -> seconds that it took.
    """

    settings: Evaluate
    data: EvaluatedData
    results: Sequence[OpenSet]
    gallery: SearchedGallery
    weights_sha256: str
    origins: Mapping[str, str]
    seconds: Mapping[str, float]

    def write(self, folder: Path) -> None:
        """Print the tables and write all files to an existing, empty folder.

        Raises:
            InputError: A file cannot be written.
        """
        tables, title = self.tables(), f"{run_title(self.settings.model, self.settings.data)}, open set"
        publish(
            folder,
            self.settings,
            tables=tables,
            rows=open_set_rows(self.results),
            facts=self._facts(),
            left_out=self.data.left_out,
        )
        write_searches(folder / QUERIES, self.data.manifest, self.gallery.rows, self.results)
        _, drawn = save_det(folder / "det", self._by_protocol(), title)
        save_page(folder / "report.html", title, [*tables, Figure("Detection error trade-off", drawn)])
        print_sentence(
            f"Results, each search ({QUERIES}), settings, DET curves, the list of files left out, and one page, "
            f"report.html, are in {folder}/"
        )

    def tables(self) -> list[Table]:
        """Return a table a protocol."""
        tables, known, asked = [], set[str](), self.settings.protocols
        shown = self._by_protocol()
        for protocol, results in shown.items():
            meaning = protocol_title(protocol, asked, self.data.account)
            title = f"{run_title(self.settings.model, self.settings.data)}, open set, {meaning}"
            notes = open_set_notes(
                self.settings,
                results,
                account=self.data.account,
                gallery=(len(self.gallery.rows), self.gallery.people),
                outside=len(self.gallery.outside),
                grid=self.gallery.grid,
                weights_sha256=self.weights_sha256,
                several_tables=len(shown) > 1,
            )
            tables.append(Table(title, list(open_set_cells(results)), WORDS, not_repeated(notes, known)))
        return tables

    def _by_protocol(self) -> dict[str, list[OpenSet]]:
        """Protocol -> results to show under it; leave-one-out stands under each, unless it is all there is."""
        measured = {result.protocol for result in self.results}
        return {
            protocol: [result for result in self.results if result.protocol in (protocol, LEAVE_ONE_OUT)]
            for protocol in tables_of(measured, self.settings.protocols, self.data.account)
        }

    def _facts(self) -> dict[str, Any]:
        settings, account = self.settings, self.data.account
        assert settings.open_set
        return {
            "data": {
                "name": settings.data.name,
                "sha256": self.data.digest,
                **account.facts(),
                **account.query_facts(),
            },
            "open_set": self._open_set_facts(settings.open_set),
            "model": {"name": model_label(settings.model), "weights_sha256": self.weights_sha256},
            "stage1": settings.stage1.plain(),
            "rerank": None if isinstance(settings.rerank, NoRerank) else settings.rerank.plain(),
            "features": dict(self.origins),
            "patch_precision": settings.features.compared_in,
            "seed": settings.seed,
            "unit": "percent, T as the scores; low and high are the ends of the 95 % bootstrap interval over people, T "
            "held fixed",
            "seconds": rounded_seconds(self.seconds),
        }

    def _open_set_facts(self, section: OpenSetSection) -> dict[str, Any]:
        return {
            **section.plain(),
            "gallery_faces": len(self.gallery.rows),
            "gallery_people": self.gallery.people,
            "people_outside": sorted(self.gallery.outside),
            "searches_needed": {f"{rate:g}": searches_needed(rate) for rate in RATES},
        }
