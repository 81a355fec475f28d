"""What a training run leaves behind besides its checkpoints: settings, the held-out people, and how they fared."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.console import Console

from fdemd.cli_help import show
from fdemd.data.left_out import left_out_files
from fdemd.data.manifest import write_manifest
from fdemd.data.training import TrainingDataModule
from fdemd.identification import Comparison
from fdemd.metrics.identification import IDENTIFICATION
from fdemd.report.files import versions, write_json, write_left_out, write_yaml
from fdemd.report.identification import model_label
from fdemd.report.lines import markdown_lines, terminal_lines
from fdemd.report.tables import percent, rows_of

VALIDATION_MANIFEST = "validation.csv"


class FinetuneReport:
    """The files of one run."""

    def __init__(self, config: Mapping[str, Any], data: TrainingDataModule, weights_sha256: str, folder: Path) -> None:
        """Describe a run.

        Args:
            config: all its settings.
            data: the people to train on and those held out.
            weights_sha256: of the weights it starts from.
            folder: of its files.
        """
        self.config, self.data, self.weights_sha256, self.folder = config, data, weights_sha256, folder
        self._console = Console()

    def start(self) -> None:
        """Write what is known before the first step, and say where files go."""
        write_yaml(self.folder / "config.yaml", dict(self.config))
        if self.data.held_out:
            write_manifest(self.data.held_out.manifest, self.folder / VALIDATION_MANIFEST)
        self._say(f"{self._people()} Files go to {self.folder}/")

    def finish(self, comparisons: Mapping[str, Sequence[Comparison]]) -> None:
        """Print the table and write the results.

        Args:
            comparisons: identification of the held-out people by the weights of each name, in order.
        """
        write_left_out(self.folder / "left_out.csv", self._left_out())
        rows = [{"weights": weights, **row} for weights, each in comparisons.items() for row in rows_of(each)]
        write_json(self.folder / "results.json", self._facts() | {"results": rows})
        if comparisons:
            title, cells = self._title(), _cells(comparisons)
            unused = len(self._left_out())
            notes = [
                "Mean in percent (95 % interval, bootstrap over people), protocol leave-twin-out (clean: "
                "leave-one-out). best: the weights with the highest mean MAP@R of these people, so that their figures "
                "are a little too good.",
                f"{self._people()} {unused} files were not used (left_out.csv). Seed {self.config['seed']}.",
            ]
            self._console.print(terminal_lines(title, cells, notes, left=["query", "stage", "weights"]))
            (self.folder / "results.md").write_text(markdown_lines(title, cells, notes), encoding="utf-8")
            self._say(f"The same figures again: {self._evaluation()}")
        self._say(f"Checkpoints, settings and results are in {self.folder}/")

    def _left_out(self) -> list[tuple[str, str, str]]:
        """Photographs that gave no face, of those to train on and of those held out, and files that are none."""
        data = self.data
        validated = left_out_files(data.held_out.manifest, data.held_out.faces) if data.held_out else []
        return list(dict.fromkeys(left_out_files(data.manifest, data.faces) + validated))  # both parts list the latter

    def _say(self, sentence: str) -> None:
        self._console.print(sentence, soft_wrap=True, markup=False, highlight=False)

    def _title(self) -> str:
        return f"{model_label(self.config['model'])} finetuned on {self.config['data']['name']}, people it never saw"

    def _people(self) -> str:
        data = self.data
        trained = f"Trained on {len(data.manifest)} photographs of {len(data.people)} people"
        if not data.held_out:
            return f"{trained}, nobody held out."
        photographs = data.held_out.manifest.photographs
        people = len({photograph.identity for photograph in photographs})
        return f"{trained}; {len(photographs)} photographs of {people} others are held out."

    def _evaluation(self) -> str:
        """The command that gives the table's figures once more, from the checkpoint."""
        assert self.data.held_out
        model = dict(self.config["model"]) | {"checkpoint": self.folder / "checkpoints" / "best.ckpt"}
        words = [f"model={model.pop('backbone')}"]
        words += [f"model.{key}={show(value)}" for key, value in model.items() if value is not None]
        words += ["data=manifest", f"data.manifest={self.folder / VALIDATION_MANIFEST}"]
        words += [f"data.root={self.data.held_out.manifest.root}", f"data.detector={self.config['data']['detector']}"]
        words += [f"query={show(list(self.config['query']))}", f"seed={self.config['seed']}"]
        return shlex.join(["python", "evaluate.py", "--no-rerank", *words])

    def _facts(self) -> dict[str, Any]:
        held_out = self.data.held_out
        return {
            "written": datetime.now().astimezone().isoformat(timespec="seconds"),
            "data": {
                "name": self.config["data"]["name"],
                "sha256": self.data.faces.digest,
                "photographs": len(self.data.manifest),
                "people": len(self.data.people),
                "left out": len(self.data.faces.left_out),
                "ignored": len(self.data.manifest.ignored),
                "held out": held_out
                and {
                    "sha256": held_out.faces.digest,
                    "photographs": len(held_out.manifest),
                    "people": len({photograph.identity for photograph in held_out.manifest.photographs}),
                    "left out": len(held_out.faces.left_out),
                },
            },
            "model": {"name": model_label(self.config["model"]), "weights_sha256": self.weights_sha256},
            "seed": self.config["seed"],
            "unit": "percent; low and high are the ends of the 95 % bootstrap interval over people",
            "versions": versions(),
        }


def _cells(comparisons: Mapping[str, Sequence[Comparison]]) -> list[dict[str, str]]:
    """A line a kind of query, stage and set of weights."""
    columns = list(comparisons)
    lines = []
    for number, first in enumerate(comparisons[columns[0]]):
        for stage in first.figures:
            for weights in columns:
                figures = comparisons[weights][number].figures[stage]
                named = {"query": first.kind, "stage": stage, "weights": weights}
                lines.append(named | {name: percent(figures[name]) for name in IDENTIFICATION})
    return lines
