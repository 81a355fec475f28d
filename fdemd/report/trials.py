"""What several seeds leave behind: one table over all of them, curves of rejection, and one page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fdemd.data.accounting import sentences_of_queries
from fdemd.report.cells import rounded, spread_columns, spread_in, spread_text
from fdemd.report.comparisons import query_counts
from fdemd.report.labels import model_label, run_title
from fdemd.report.notes import division_note
from fdemd.report.page import Figure, save_page
from fdemd.report.protocols import PROTOCOL_MEANING
from fdemd.report.rejection import rejection_curves, rejection_rows, rejections_of
from fdemd.report.rejection_tables import rejection_tables
from fdemd.report.table import Cells, Table, not_repeated, print_sentence
from fdemd.report.trials_figures import save_comparison, save_rejection
from fdemd.report.writing import LeftOut, publish
from fdemd.runs.files import write_csv, write_json
from fdemd.scoring.closed_set import STAGE_1
from fdemd.scoring.over_runs import FIRST_FIGURE, WeightsFigures, compare_weights
from fdemd.scoring.trial import PRETRAINED, Trial
from fdemd.settings.comparing import Trials
from fdemd.settings.jobs import Evaluate

_WORDS = ("query", "weights", "stage")


@dataclass(frozen=True)
class TrialsReport:
    """The comparison.

    Attributes:
        settings: Settings of the run.
        trials: What each seed gave.
    """

    settings: Evaluate
    trials: Sequence[Trial]

    def rows(self) -> list[dict[str, Any]]:
        """Return one flat row a protocol, kind of query, set of weights and stage, in percent.

        Each figure has its mean and, as ``sd``, its standard deviation over the seeds. ``gain``: by how much P@1 is
        above that of the pretrained weights' first stage, seed by seed.
        """
        if not self.trials[0].compared:
            return []
        runs = {weights: [trial.compared[weights] for trial in self.trials] for weights in self.trials[0].compared}
        return [self._row(each) for each in compare_weights(runs, PRETRAINED)]

    def write(self, folder: Path) -> None:
        """Print the tables and write all files to the folder of the run.

        Raises:
            InputError: A file cannot be written.
        """
        rows, rejected = self.rows(), rejection_rows(self.trials)
        title = f"{self._section.title}: {run_title(self.settings.model, self.settings.data)}"
        blocks: list[Table | Figure] = []
        if rows:
            _, drawn = save_comparison(folder / "comparison", rows, title)
            blocks += [*self._tables(rows), Figure("P@1 of every seed, and their mean", drawn)]
        for training, found in rejections_of(self.trials).items():
            _, drawn = save_rejection(folder / f"rejection_{training}", found, f"{title}, {training}")
            blocks.append(Figure(f"{training}: rejection, re-ranking by confidence, scales", drawn))
        blocks += rejection_tables(self.trials)
        publish(
            folder,
            self.settings,
            tables=[block for block in blocks if isinstance(block, Table)],
            rows=rows,
            facts=self._facts(folder) | {"rejection": rejected},
            left_out=self._left_out(),
        )
        if rejected:
            write_csv(folder / "rejection.csv", rejected)
            write_json(folder / "curves.json", {"curves": rejection_curves(self.trials)})
        save_page(folder / "report.html", title, blocks, [] if rows else self._notes())
        print_sentence(
            f"Tables, curves and one page with all of them, report.html, and every training, are in {folder}/"
        )

    @property
    def _section(self) -> Trials:
        assert self.settings.trials
        return self.settings.trials

    def _row(self, compared: WeightsFigures) -> dict[str, Any]:
        row: dict[str, Any] = {"protocol": compared.protocol, "query": compared.kind}
        row |= {"weights": compared.weights, "stage": compared.stage}
        for name, spread in compared.figures.items():
            row |= spread_columns(name, spread)
        row |= spread_columns("gain", compared.gain)
        seeds = (f"{FIRST_FIGURE}, seed {trial.seed}" for trial in self.trials)
        return row | dict(zip(seeds, map(rounded, compared.first), strict=True))

    def _tables(self, rows: Sequence[Mapping[str, Any]]) -> list[Table]:
        known: set[str] = set()
        figures = list(self.trials[0].compared[PRETRAINED][0].figures[STAGE_1])
        return [
            Table(
                f"Protocol {protocol}: {PROTOCOL_MEANING[protocol]}",
                [_cells(row, [*figures, "gain"]) for row in rows if row["protocol"] == protocol],
                _WORDS,
                not_repeated(self._notes(), known),
            )
            for protocol in dict.fromkeys(row["protocol"] for row in rows)
        ]

    def _notes(self) -> list[str]:
        seeds = self._section.seeds
        over = f"Mean +- standard deviation over the seeds {', '.join(map(str, seeds))}. Each draws its own"
        if len(seeds) == 1:
            over = f"One seed, {seeds[0]}, which draws"
        notes = [
            f"{over} {self._section.test_people} people to test; the others are trained on; weights of the last step, "
            "nothing selected.",
            f"{len(self._left_out())} files were not used (left_out.csv).",
        ]
        for trial in self.trials:
            told = [division_note(trial.apart)]
            if account := trial.accounts.get(PRETRAINED):
                counts = ((each.kind, query_counts(each, account)) for each in trial.compared[PRETRAINED])
                told += [f"Test: {account.sentence()}", *sentences_of_queries(counts)]
            notes.append(f"Seed {trial.seed}: {' '.join(told)}")
        if self.trials[0].compared:
            notes.append("gain: of P@1 over stage 1 of the pretrained weights.")
        return notes

    def _left_out(self) -> list[LeftOut]:
        return list(dict.fromkeys(entry for trial in self.trials for entry in trial.left_out))

    def _facts(self, folder: Path) -> dict[str, Any]:
        rejections = rejections_of(self.trials)
        section = self._section.plain()
        return {
            "data": {"name": self.settings.data.name},
            "model": model_label(self.settings.model),
            "trials": {name: value for name, value in section.items() if name != "resume"},
            "people_apart": {str(trial.seed): trial.apart for trial in self.trials},
            "test": {
                str(trial.seed): account.facts() | account.query_facts()
                for trial in self.trials
                if (account := trial.accounts.get(PRETRAINED))
            },
            "rerank": self.settings.rerank.plain(),
            "checkpoints": {str(trial.seed): _below(folder, trial.checkpoints) for trial in self.trials},
            "scales": {name: [dict(each.scale) for each in found] for name, found in rejections.items()},
            "mu": {name: [each.mu for each in found] for name, found in rejections.items()},
            "similarity": {
                name: [
                    {kind: {f"{far:g}": tar for far, tar in rates.items()} for kind, rates in each.similarity.items()}
                    for each in found
                ]
                for name, found in rejections.items()
            },
            "templates": {name: [dict(each.templates) for each in found] for name, found in rejections.items()},
            "unit": "percent in results and rejection, shares in [0, 1] elsewhere; sd over seeds (divided by n - 1)",
        }


def _below(folder: Path, checkpoints: Mapping[str, str]) -> dict[str, str]:
    """Their paths as seen from the run's folder."""
    return {name: Path(path).relative_to(folder).as_posix() for name, path in checkpoints.items()}


def _cells(row: Mapping[str, Any], figures: Sequence[str]) -> Cells:
    named = {name: str(row[name]) for name in _WORDS}
    return named | {name: spread_text(spread_in(row, name)) for name in figures}
