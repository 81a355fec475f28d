"""What an identification run leaves behind: tables on the terminal, files, and a picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fdemd.data.accounting import sentences_of_queries
from fdemd.data.evaluated import EvaluatedData
from fdemd.embedding.normalization import FittedNormalization
from fdemd.report.adversarial import attack_note
from fdemd.report.comparisons import WORDS, comparison_cells, comparison_rows, query_counts
from fdemd.report.labels import model_label, run_title
from fdemd.report.normalization import normalization_facts, normalization_note
from fdemd.report.notes import (
    INTERVALS,
    MAXIMUM,
    UNIT,
    copies_notes,
    engine_notes,
    legacy_notes,
    pair_notes,
    weights_notes,
)
from fdemd.report.picture import save_picture
from fdemd.report.protocols import protocol_title, tables_of
from fdemd.report.queries import QUERIES, write_queries
from fdemd.report.second_stage import calibration_notes, second_stage_note
from fdemd.report.table import Table, not_repeated, print_sentence
from fdemd.report.writing import publish, rounded_seconds
from fdemd.retrieval.protocol import LEAVE_ONE_OUT
from fdemd.retrieval.stage1 import Recall
from fdemd.scoring.attack import AttackOutcome
from fdemd.scoring.closed_set import Comparison
from fdemd.scoring.pictured import PicturedQuery
from fdemd.settings.jobs import Evaluate
from fdemd.settings.queries import ADVERSARIAL
from fdemd.settings.ranking import NoRerank


@dataclass(frozen=True)
class IdentificationReport:
    """Results of one run and everything that decided them.

    Attributes:
        settings: Settings of the run.
        data: What the run used of its data.
        comparisons: What both stages gave, for each kind of query and protocol.
        pictured: A query of each kind, to be drawn.
        weights_sha256: sha256 of the network's weights.
        origins: Kind of query -> where its features came from.
        seconds: Step of the run -> seconds that it took.
        missing_engine: Why the compiled engine could not run although it would have been faster; empty if it could.
        attack: What the attack on adversarial queries achieved; None without any.
        normalization: Score normalization; None without.
    """

    settings: Evaluate
    data: EvaluatedData
    comparisons: Sequence[Comparison]
    pictured: Sequence[PicturedQuery]
    weights_sha256: str
    origins: Mapping[str, str]
    seconds: Mapping[str, float]
    missing_engine: str = ""
    attack: AttackOutcome | None = None
    normalization: FittedNormalization | None = None

    def write(self, folder: Path) -> None:
        """Print the tables and write all files to an existing, empty folder.

        Raises:
            InputError: A file cannot be written.
        """
        tables = self.tables()
        publish(
            folder,
            self.settings,
            tables=tables,
            rows=comparison_rows(self.comparisons),
            facts=self._facts(),
            left_out=[*self.data.left_out, *(self.normalization.left_out if self.normalization else ())],
        )
        write_queries(folder / QUERIES, self.data, self.comparisons)
        if self.normalization:
            self.normalization.write(folder)
        save_picture(folder / "picture.png", self.pictured, tables[0].title)
        print_sentence(
            f"Results, each query ({QUERIES}), settings, picture and the list of files left out are in {folder}/"
        )

    def tables(self) -> list[Table]:
        """Return a table a protocol; leave-one-out stands in each, unless it is all there is."""
        tables, known, asked = [], set[str](), self.settings.protocols
        for protocol in tables_of({each.protocol for each in self.comparisons}, asked, self.data.account):
            chosen = [each for each in self.comparisons if each.protocol in (protocol, LEAVE_ONE_OUT)]
            meaning = protocol_title(protocol, asked, self.data.account)
            title = f"{run_title(self.settings.model, self.settings.data)}, {meaning}"
            notes = not_repeated(self._notes(chosen), known)
            tables.append(Table(title, comparison_cells(chosen), WORDS, notes))
        return tables

    def _notes(self, comparisons: Sequence[Comparison]) -> list[str]:
        settings, account = self.settings, self.data.account
        gain = (
            f" gain: stage 2 minus stage 1, of the same people in every draw. {MAXIMUM}"
            if not isinstance(settings.rerank, NoRerank)
            else ""
        )
        protocols = {each.protocol for each in comparisons}
        clean = " Clean queries: leave-one-out." if LEAVE_ONE_OUT in protocols and len(protocols) > 1 else ""
        notes = [
            f"{INTERVALS}{gain}{clean}",
            f"{account.sentence()} {account.asked} queries a kind, {account.gallery.used} in the gallery. Seed "
            f"{settings.seed}.",
            *sentences_of_queries((each.kind, query_counts(each, account)) for each in comparisons),
            *_recall_notes(comparisons),
            *([normalization_note(self.normalization)] if self.normalization else []),
            *self._stage2_notes(),
            *weights_notes(self.weights_sha256),
            *copies_notes(settings.copies),
            *legacy_notes(settings.legacy_self_count),
        ]
        for each in comparisons:
            if self.attack and each.kind == ADVERSARIAL:
                notes.append(f"{each.kind}: {attack_note(self.attack, each.protocol)}")
            notes += pair_notes(each.kind, unfinished=each.unfinished, fallbacks=each.fallbacks)
        return notes

    def _stage2_notes(self) -> list[str]:
        rerank, first = self.settings.rerank, self.comparisons[0]
        if isinstance(rerank, NoRerank):
            return []
        dtype = self.settings.features.compared_in
        note = second_stage_note(rerank, k=first.k, grid=first.grid, dtype=dtype, engine=first.engine)
        return [note, *calibration_notes(first.calibration, self.data.digest), *engine_notes(self.missing_engine)]

    def _facts(self) -> dict[str, Any]:
        settings, account = self.settings, self.data.account
        reranked = not isinstance(settings.rerank, NoRerank)
        return {
            "data": {
                "name": settings.data.name,
                "sha256": self.data.digest,
                **account.facts(),
                **account.query_facts(),
            },
            "model": {"name": model_label(settings.model), "weights_sha256": self.weights_sha256},
            "stage1": settings.stage1.plain() | {"recall": _recall_facts(self.comparisons)},
            **({"align": normalization_facts(self.normalization)} if self.normalization else {}),
            "rerank": settings.rerank.plain() | _stage2_facts(self.comparisons[0]) if reranked else None,
            "copies": list(settings.copies),
            "features": dict(self.origins),
            "patch_precision": settings.features.compared_in,
            "seed": settings.seed,
            "legacy_self_count": settings.legacy_self_count,
            "unit": UNIT,
            "seconds": rounded_seconds(self.seconds),
        }


def _stage2_facts(comparison: Comparison) -> dict[str, str]:
    """What a second stage was computed with, beside its settings."""
    calibration = comparison.calibration
    return {"engine": comparison.engine, **({"calibration_sha256": calibration.sha256} if calibration else {})}


def _recall_notes(comparisons: Sequence[Comparison]) -> list[str]:
    """What the index of the first stage found of that which exact search finds."""
    found = [(each.kind, each.recall) for each in comparisons if each.recall]
    if not found:
        return []
    shares = ", ".join(f"{kind} {_recall_label(recall)}" for kind, recall in found)
    return [f"Stage 1 asked {found[0][1].name}. Of what exact search finds it found: {shares}."]


def _recall_label(recall: Recall) -> str:
    """``99.12 % of the first 100 (of 400 queries)``."""
    return f"{100 * recall.mean:.2f} % of the first {recall.depth} (of {recall.queries} queries)"


def _recall_facts(comparisons: Sequence[Comparison]) -> list[dict[str, Any]]:
    return [
        {"protocol": each.protocol, "query": each.kind, **each.recall._asdict()} for each in comparisons if each.recall
    ]
