"""What several seeds leave behind: one table over all of them, curves of rejection, and one page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.console import Console

from fdemd.data.accounting import sentences_of_queries
from fdemd.files.writing import write_text
from fdemd.metrics.identification import IDENTIFICATION
from fdemd.report.identification import model_label, query_counts
from fdemd.report.lines import counts_sentence, markdown_lines, say, terminal_lines, unsaid
from fdemd.report.page import FigureBlock, TableBlock, save_page
from fdemd.report.protocols import PROTOCOL_MEANING
from fdemd.report.rejection import curves_of, rejection_rows, rejection_tables, rejections_of
from fdemd.report.spread import mean_and_deviation, spread_text
from fdemd.report.trials_figures import save_comparison, save_rejection
from fdemd.runs.files import versions, write_csv, write_json, write_left_out, write_yaml
from fdemd.scoring.closed_set import STAGE_1, STAGE_2
from fdemd.scoring.rejection import PORTIONS, SHARES
from fdemd.scoring.trial import PRETRAINED, Trial

_LEFT = ("query", "weights", "stage")


@dataclass(frozen=True)
class TrialsReport:
    """The comparison.

    Attributes:
        config: of the run.
        trials: what each seed gave.
        folder: of the run.
    """

    config: Mapping[str, Any]
    trials: Sequence[Trial]
    folder: Path

    def rows(self) -> list[dict[str, Any]]:
        """One flat row a protocol, kind of query, set of weights and stage: mean and deviation over seeds in percent.

        ``gain``: by how much P@1 is above that of the pretrained weights' first stage, seed by seed.
        """
        if not self.trials[0].compared:
            return []
        rows = []
        for number, first in enumerate(self.trials[0].compared[PRETRAINED]):
            before = [_p1(trial, PRETRAINED, number, STAGE_1) for trial in self.trials]
            for weights in self.trials[0].compared:
                for stage in (STAGE_1, STAGE_2):
                    if stage not in first.figures:
                        continue
                    row: dict[str, Any] = {"protocol": first.protocol, "query": first.kind}
                    row |= {"weights": weights, "stage": stage}
                    for name in IDENTIFICATION:
                        values = [trial.compared[weights][number].figures[stage][name].mean for trial in self.trials]
                        row[name], row[f"{name} sd"] = mean_and_deviation(values)
                    now = [_p1(trial, weights, number, stage) for trial in self.trials]
                    gains = [one - other for one, other in zip(now, before, strict=True)]
                    row["gain"], row["gain sd"] = mean_and_deviation(gains)
                    row |= {
                        f"P@1, seed {trial.seed}": mean_and_deviation([value])[0]
                        for trial, value in zip(self.trials, now, strict=True)
                    }
                    rows.append(row)
        return rows

    def write(self) -> None:
        """Print the tables and write all files."""
        console, folder, rows = Console(), self.folder, self.rows()
        title = (
            f"{self.config['trials']['title']}: {model_label(self.config['model'])} on {self.config['data']['name']}"
        )
        blocks: list[TableBlock | FigureBlock] = []
        if rows:
            files = save_comparison(folder / "comparison", rows, title)
            blocks += [*self._tables(rows), FigureBlock("P@1 of every seed, and their mean", files[1])]
        for training, found in rejections_of(self.trials).items():
            files = save_rejection(folder / f"rejection_{training}", found, f"{title}, {training}")
            blocks.append(FigureBlock(f"{training}: rejection, re-ranking by confidence, scales", files[1]))
        blocks += rejection_tables(self.trials)
        tables = [block for block in blocks if isinstance(block, TableBlock)]
        for table in tables:
            console.print(terminal_lines(table.title, table.cells, table.notes, left=table.left))
        texts = [markdown_lines(table.title, table.cells, table.notes) for table in tables]
        write_text(folder / "results.md", "\n".join(texts))
        rejected = rejection_rows(self.trials)
        for name, found_rows in (("results.csv", rows), ("rejection.csv", rejected)):
            if found_rows:
                write_csv(folder / name, found_rows)
        write_json(folder / "results.json", self._facts() | {"rejection": rejected, "results": rows})
        if rejected:
            write_json(folder / "curves.json", {"curves": self._curves()})
        write_yaml(folder / "config.yaml", dict(self.config))
        write_left_out(folder / "left_out.csv", self._left_out())
        save_page(folder / "report.html", title, blocks, [] if rows else self._notes())
        done = f"Tables, curves and one page with all of them, report.html, and every training, are in {folder}/"
        say(console, done)

    def _tables(self, rows: Sequence[Mapping[str, Any]]) -> list[TableBlock]:
        said: set[str] = set()
        return [
            TableBlock(
                f"Protocol {protocol}: {PROTOCOL_MEANING[protocol]}",
                [_cells(row) for row in rows if row["protocol"] == protocol],
                _LEFT,
                unsaid(self._notes(), said),
            )
            for protocol in dict.fromkeys(row["protocol"] for row in rows)
        ]

    def _notes(self) -> list[str]:
        seeds = self.config["trials"]["seeds"]
        over = f"Mean +- standard deviation over the seeds {', '.join(map(str, seeds))}. Each draws its own"
        if len(seeds) == 1:
            over = f"One seed, {seeds[0]}, which draws"
        notes = [
            f"{over} {self.config['trials']['test_people']} people to test; the others are trained on; weights of the "
            "last step, nothing selected.",
        ]
        notes.append(f"{len(self._left_out())} files were not used (left_out.csv).")
        for trial in self.trials:
            told = [counts_sentence(trial.apart)]
            if account := trial.accounts.get(PRETRAINED):
                counts = ((each.kind, query_counts(each, account)) for each in trial.compared[PRETRAINED])
                told += [f"Test: {account.sentence()}", *sentences_of_queries(counts)]
            notes.append(f"Seed {trial.seed}: {' '.join(told)}")
        if self.trials[0].compared:
            notes.append("gain: of P@1 over stage 1 of the pretrained weights.")
        return notes

    def _left_out(self) -> list[tuple[str, str, str]]:
        return list(dict.fromkeys(entry for trial in self.trials for entry in trial.left_out))

    def _curves(self) -> list[dict[str, Any]]:
        """Every seed's curves, to be drawn anew."""
        found = []
        for training, each in rejections_of(self.trials).items():
            for (measure, name), curves in curves_of(each).items():
                what = {"training": training, "measure": measure, "confidence": name, "over": "share rejected"}
                found.append(what | {"x": PORTIONS.tolist(), "y": [_plain(curve.tolist()) for curve in curves]})
            for name in each[0].reranked:
                what = {"training": training, "measure": "P@1", "confidence": name, "over": "share re-ranked"}
                found.append(what | {"x": SHARES.tolist(), "y": [one.reranked[name].tolist() for one in each]})
        return found

    def _below(self, checkpoints: Mapping[str, str]) -> dict[str, str]:
        """Their paths as seen from the run's folder."""
        return {name: Path(path).relative_to(self.folder).as_posix() for name, path in checkpoints.items()}

    def _facts(self) -> dict[str, Any]:
        rejections = rejections_of(self.trials)
        return {
            "written": datetime.now().astimezone().isoformat(timespec="seconds"),
            "data": {"name": self.config["data"]["name"]},
            "model": model_label(self.config["model"]),
            "trials": {name: value for name, value in self.config["trials"].items() if name != "resume"},
            "people apart": {str(trial.seed): trial.apart for trial in self.trials},
            "test": {
                str(trial.seed): account.facts() | account.query_facts()
                for trial in self.trials
                if (account := trial.accounts.get(PRETRAINED))
            },
            "rerank": dict(self.config["rerank"]),
            "checkpoints": {str(trial.seed): self._below(trial.checkpoints) for trial in self.trials},
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
            "versions": versions(),
        }


def _p1(trial: Trial, weights: str, number: int, stage: str) -> float:
    return trial.compared[weights][number].figures[stage]["P@1"].mean


def _plain(values: Sequence[float]) -> list[float | None]:
    return [None if value != value else value for value in values]


def _cells(row: Mapping[str, Any]) -> dict[str, str]:
    named = {name: str(row[name]) for name in _LEFT}
    figures = {name: spread_text(row[name], row[f"{name} sd"]) for name in IDENTIFICATION}
    return named | figures | {"gain": spread_text(row["gain"], row["gain sd"])}
