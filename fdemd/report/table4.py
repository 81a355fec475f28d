"""Pretrained against finetuned weights, first against second stage, with the deviation over trainings."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.console import Console

from fdemd.data.accounting import Account, sentences_of_queries
from fdemd.files.writing import write_text
from fdemd.metrics.identification import IDENTIFICATION
from fdemd.report.identification import model_label, query_counts
from fdemd.report.lines import counts_sentence, markdown_lines, say, terminal_lines
from fdemd.runs.files import versions, write_csv, write_json, write_yaml
from fdemd.scoring.closed_set import STAGE_1, STAGE_2, Comparison

PRETRAINED, FINETUNED = "pretrained", "finetuned"


@dataclass(frozen=True)
class Table4:
    """The comparison.

    Attributes:
        config: of the run.
        pretrained: what the original weights gave, for every kind of query and protocol.
        finetuned: the same for each training.
        checkpoints: of the trainings.
        account: of the people of the test.
        apart: counts of :class:`fdemd.jobs.train_and_test.PeopleApart`; None where the trainings were given.
    """

    config: Mapping[str, Any]
    pretrained: Sequence[Comparison]
    finetuned: Sequence[Sequence[Comparison]]
    checkpoints: Sequence[str]
    account: Account
    apart: Mapping[str, int] | None

    def rows(self) -> list[dict[str, Any]]:
        """One flat row a protocol, kind of query, stage and set of weights: mean and standard deviation in percent.

        The deviation is that of a sample, over trainings; 0 for the pretrained weights, of which there is one set.
        """
        rows = []
        for number, first in enumerate(self.pretrained):
            for weights, runs in ((PRETRAINED, [self.pretrained]), (FINETUNED, self.finetuned)):
                for stage in (stage for stage in (STAGE_1, STAGE_2) if stage in first.figures):
                    row: dict[str, Any] = {"protocol": first.protocol, "query": first.kind}
                    row |= {"weights": weights, "stage": stage, "trainings": len(runs) if weights == FINETUNED else 0}
                    for name in IDENTIFICATION:
                        values = [100 * run[number].figures[stage][name].mean for run in runs]
                        row[name] = round(statistics.mean(values), 4)
                        row[f"{name} sd"] = round(statistics.stdev(values), 4) if len(values) > 1 else 0.0
                    rows.append(row)
        return rows

    def write(self, folder: Path) -> None:
        """Print the table and write it as Markdown, CSV and JSON."""
        rows, console = self.rows(), Console()
        network, data = model_label(self.config["model"]), self.config["data"]["name"]
        title = f"Table 4: finetuning or re-ranking, {network} on {data}"
        trainings = len(self.finetuned)
        notes = [
            f"Mean in percent; finetuned: mean +- standard deviation over {trainings} trainings, weights of the last "
            "step. The people of the test were never trained on.",
            *([counts_sentence(self.apart)] if self.apart else []),
            f"Test: {self.account.sentence()} {self.account.asked} queries a kind.",
            *sentences_of_queries((each.kind, query_counts(each, self.account)) for each in self.pretrained),
        ]
        cells = [_cells(row) for row in rows]
        console.print(terminal_lines(title, cells, notes, left=["protocol", "query", "weights", "stage"]))
        write_text(folder / "table4.md", markdown_lines(title, cells, notes))
        write_csv(folder / "table4.csv", rows)
        write_yaml(folder / "config.yaml", dict(self.config))
        facts = {
            "written": datetime.now().astimezone().isoformat(timespec="seconds"),
            "data": data,
            "counts": self.account.facts() | self.account.query_facts(),
            **({"people apart": dict(self.apart)} if self.apart else {}),
            "model": network,
            "seed": self.config["seed"],
            "checkpoints": list(self.checkpoints),
            "unit": "percent; sd is the sample standard deviation over trainings",
            "versions": versions(),
        }
        write_json(folder / "table4.json", facts | {"results": rows})
        said = f"The table, and below it every training and evaluation, are in {folder}/"
        say(console, said)


def _cells(row: Mapping[str, Any]) -> dict[str, str]:
    named = {name: str(row[name]) for name in ("protocol", "query", "weights", "stage")}
    spread = " +- {:.1f}" if row["trainings"] > 1 else ""
    return named | {name: f"{row[name]:.1f}" + spread.format(row[f"{name} sd"]) for name in IDENTIFICATION}
