"""Pretrained against finetuned weights, first against second stage, with the deviation over trainings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fdemd.data.accounting import Account, sentences_of_queries
from fdemd.report.cells import spread_text
from fdemd.report.comparisons import query_counts
from fdemd.report.labels import model_label, run_title
from fdemd.report.notes import division_note
from fdemd.report.table import Cells, Table, print_sentence
from fdemd.report.writing import publish
from fdemd.scoring.closed_set import Comparison
from fdemd.scoring.over_runs import WeightsFigures, compare_weights
from fdemd.settings.jobs import Evaluate

PRETRAINED, FINETUNED = "pretrained", "finetuned"
_WORDS = ("protocol", "query", "weights", "stage")


@dataclass(frozen=True)
class Table4:
    """The comparison.

    Attributes:
        settings: Settings of the run.
        pretrained: What the original weights gave, for every kind of query and protocol.
        finetuned: The same for each training.
        checkpoints: Files of the trainings.
        account: What became of the photographs of the test.
        division: How the photographs were divided, see :func:`fdemd.report.notes.division_note`; None where the
            trainings were given.
    """

    settings: Evaluate
    pretrained: Sequence[Comparison]
    finetuned: Sequence[Sequence[Comparison]]
    checkpoints: Sequence[str]
    account: Account
    division: Mapping[str, int] | None

    def rows(self) -> list[dict[str, Any]]:
        """Return one flat row a protocol, kind of query, stage and set of weights, in percent.

        ``sd`` is the sample standard deviation over trainings; 0 for the pretrained weights, of which there is one set.
        """
        return [self._row(each) for each in self._compared()]

    def write(self, folder: Path) -> None:
        """Print the table and write it as Markdown, CSV and JSON to an existing folder.

        Raises:
            InputError: A file cannot be written.
        """
        settings, account = self.settings, self.account
        title = f"Table 4: finetuning or re-ranking, {run_title(settings.model, settings.data)}"
        notes = [
            f"Mean in percent; finetuned: mean +- standard deviation over {len(self.finetuned)} trainings, weights of "
            "the last step. The people of the test were never trained on.",
            *([division_note(self.division)] if self.division else []),
            f"Test: {account.sentence()} {account.asked} queries a kind.",
            *sentences_of_queries((each.kind, query_counts(each, account)) for each in self.pretrained),
        ]
        facts = {
            "data": settings.data.name,
            "counts": account.facts() | account.query_facts(),
            **({"people_apart": dict(self.division)} if self.division else {}),
            "model": model_label(settings.model),
            "seed": settings.seed,
            "checkpoints": list(self.checkpoints),
            "unit": "percent; sd is the sample standard deviation over trainings",
        }
        tables = [Table(title, [_cells(each) for each in self._compared()], _WORDS, notes)]
        publish(folder, settings, tables=tables, rows=self.rows(), facts=facts, name="table4")
        print_sentence(f"The table, and below it every training and evaluation, are in {folder}/")

    def _compared(self) -> list[WeightsFigures]:
        return compare_weights({PRETRAINED: [self.pretrained], FINETUNED: self.finetuned}, PRETRAINED)

    def _row(self, compared: WeightsFigures) -> dict[str, Any]:
        row: dict[str, Any] = {"protocol": compared.protocol, "query": compared.kind, "weights": compared.weights}
        trainings = len(self.finetuned) if compared.weights == FINETUNED else 0
        row |= {"stage": compared.stage, "trainings": trainings}
        for name, spread in compared.figures.items():
            row |= {name: spread.mean, f"{name} sd": spread.deviation or 0.0}
        return row


def _cells(compared: WeightsFigures) -> Cells:
    named = {"protocol": compared.protocol, "query": compared.kind}
    named |= {"weights": compared.weights, "stage": compared.stage}
    return named | {name: spread_text(spread) for name, spread in compared.figures.items()}
