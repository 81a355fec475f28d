"""What a training run leaves behind besides its checkpoints: settings, the held-out people, and how they fared."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.console import Console

from fdemd.data.aligned import AlignedFaces
from fdemd.data.left_out import left_out_files
from fdemd.data.manifest import Manifest, Photograph, write_manifest
from fdemd.data.training import TrainingDataModule
from fdemd.files.writing import write_text
from fdemd.metrics.identification import IDENTIFICATION
from fdemd.report.identification import model_label
from fdemd.report.lines import markdown_lines, terminal_lines
from fdemd.report.tables import percent, rows_of
from fdemd.runs.files import (
    LEFT_OUT_FILES,
    RESULTS,
    SETTINGS,
    settings_file,
    versions,
    write_json,
    write_left_out,
    write_yaml,
)
from fdemd.scoring.closed_set import Comparison
from fdemd.settings.checking import show

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

    def start(self, resumed_at: int | None = None) -> None:
        """Write what is known before the first step, and say where files go.

        Args:
            resumed_at: the step at which the run goes on; what it was started with then stays as it is.
        """
        if resumed_at is not None:
            write_yaml(self.folder / settings_file(resumed_at), dict(self.config))
            self._say(f"The run goes on at step {resumed_at}. Files go to {self.folder}/")
            return
        write_yaml(self.folder / SETTINGS, dict(self.config))
        if self.data.held_out:
            write_manifest(self.data.held_out.manifest, self.folder / VALIDATION_MANIFEST)
        self._say(f"{self._given()} Files go to {self.folder}/")

    def finish(self, comparisons: Mapping[str, Sequence[Comparison]]) -> None:
        """Print the table and write the results.

        Args:
            comparisons: identification of the held-out people by the weights of each name, in order.
        """
        write_left_out(self.folder / "left_out.csv", self._left_out())
        rows = [{"weights": weights, **row} for weights, each in comparisons.items() for row in rows_of(each)]
        write_json(self.folder / RESULTS, self._facts() | {"results": rows, LEFT_OUT_FILES: self._left_out()})
        if comparisons:
            title, cells = self._title(), _cells(comparisons)
            notes = [
                "Mean in percent (95 % interval, bootstrap over people), protocol leave-twin-out (clean: "
                "leave-one-out). best: the weights with the highest mean MAP@R of these people, so that their figures "
                "are a little too good.",
                f"{self._used()} Files that were not used are in left_out.csv. Seed {self.config['seed']}.",
            ]
            self._console.print(terminal_lines(title, cells, notes, left=["query", "stage", "weights"]))
            write_text(self.folder / "results.md", markdown_lines(title, cells, notes))
            self._say(f"The same figures again: {self._evaluation()}")
        else:
            self._say(self._used())
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

    def _given(self) -> str:
        """What there is, before a face was looked for."""
        data = self.data
        given = f"{_counted(data.manifest.photographs)} to train on"
        return (
            f"{given}, nobody held out."
            if not data.held_out
            else (f"{given}; {_counted(data.held_out.manifest.photographs)} held out.")
        )

    def _used(self) -> str:
        """What was really used of it, and what was not; the numbers add up to the rows of both manifests."""
        data = self.data
        used = [_used_of("Trained on", data.manifest, data.faces)]
        if data.held_out:
            used.append(_used_of("Held out:", data.held_out.manifest, data.held_out.faces))
        return " ".join([*used, *([] if data.held_out else ["Nobody was held out."])])

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
                **_facts_of(self.data.manifest, self.data.faces),
                "ignored": len(self.data.manifest.ignored),
                "held out": held_out
                and {"sha256": held_out.faces.digest, **_facts_of(held_out.manifest, held_out.faces)},
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


def _used_rows(manifest: Manifest, faces: AlignedFaces) -> list[Photograph]:
    without = {entry.row for entry in faces.left_out}
    return [photograph for row, photograph in enumerate(manifest.photographs) if row not in without]


def _counted(photographs: Sequence[Photograph]) -> str:
    return f"{len(photographs)} photographs of {len({photograph.identity for photograph in photographs})} people"


def _used_of(what: str, manifest: Manifest, faces: AlignedFaces) -> str:
    """``Trained on 11 photographs of 3 people (1 of 12 gave no face).``"""
    rest = f" ({len(faces.left_out)} of {len(manifest)} gave no face)" if faces.left_out else ""
    return f"{what} {_counted(_used_rows(manifest, faces))}{rest}."


def _facts_of(manifest: Manifest, faces: AlignedFaces) -> dict[str, int]:
    """Photographs used and left out, which add up to the manifest's rows, and the people on those used."""
    used = _used_rows(manifest, faces)
    people = len({photograph.identity for photograph in used})
    return {"rows": len(manifest), "photographs": len(used), "people": people, "left out": len(faces.left_out)}
