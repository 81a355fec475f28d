"""What a training run leaves behind besides its checkpoints: settings, the held-out people, and how they fared."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fdemd.cli.help import show
from fdemd.data.aligned import AlignedFaces
from fdemd.data.left_out import left_out_files
from fdemd.data.manifest import Manifest, Photograph
from fdemd.data.manifest_file import write_manifest
from fdemd.data.training import TrainingDataModule
from fdemd.report.comparisons import comparison_rows, stage_text
from fdemd.report.labels import model_label
from fdemd.report.notes import UNIT
from fdemd.report.table import Cells, Table, print_sentence
from fdemd.report.writing import LeftOut, write_facts, write_tables
from fdemd.runs.files import LEFT_OUT_FILES, RESULTS, SETTINGS, settings_file, write_left_out, write_yaml
from fdemd.scoring.closed_set import Comparison
from fdemd.settings.jobs import Train

VALIDATION_MANIFEST = "validation.csv"
_WORDS = ("query", "stage", "weights")


class FinetuneReport:
    """The files of one run."""

    def __init__(self, settings: Train, data: TrainingDataModule, weights_sha256: str, folder: Path) -> None:
        """Describe a run.

        Args:
            settings: Settings of the run.
            data: The people to train on and those held out.
            weights_sha256: sha256 of the weights that the training starts from.
            folder: Folder of the run's files.
        """
        self.settings, self.data, self.weights_sha256, self.folder = settings, data, weights_sha256, folder

    def start(self, resumed_at: int | None = None) -> None:
        """Write what is known before the first step, and say where files go.

        Args:
            resumed_at: Step at which the run goes on; what it was started with then stays as it is.

        Raises:
            InputError: A file cannot be written.
        """
        if resumed_at is not None:
            write_yaml(self.folder / settings_file(resumed_at), self.settings.plain())
            print_sentence(f"The run goes on at step {resumed_at}. Files go to {self.folder}/")
            return
        write_yaml(self.folder / SETTINGS, self.settings.plain())
        if self.data.validation:
            write_manifest(self.data.validation.manifest, self.folder / VALIDATION_MANIFEST)
        print_sentence(f"{self._given()} Files go to {self.folder}/")

    def finish(self, comparisons: Mapping[str, Sequence[Comparison]]) -> None:
        """Print the table and write the results.

        Args:
            comparisons: Name of a set of weights -> identification of the held-out people by it; empty if nobody is.

        Raises:
            InputError: A file cannot be written.
        """
        left_out = self._left_out()
        write_left_out(self.folder / "left_out.csv", left_out)
        rows = [{"weights": weights, **row} for weights, each in comparisons.items() for row in comparison_rows(each)]
        write_facts(self.folder / RESULTS, {**self._facts(), LEFT_OUT_FILES: left_out, "results": rows})
        if comparisons:
            write_tables(self.folder / "results.md", [self._table(comparisons)])
            print_sentence(f"The same figures again: {self._evaluation()}")
        else:
            print_sentence(self._used())
        print_sentence(f"Checkpoints, settings and results are in {self.folder}/")

    def _table(self, comparisons: Mapping[str, Sequence[Comparison]]) -> Table:
        title = f"{model_label(self.settings.model)} finetuned on {self.settings.data.name}, people it never saw"
        notes = [
            "Mean in percent (95 % interval, bootstrap over people), protocol leave-twin-out (clean: leave-one-out). "
            "best: the weights with the highest mean MAP@R of these people, so that their figures are a little too "
            "good.",
            f"{self._used()} Files that were not used are in left_out.csv. Seed {self.settings.seed}.",
        ]
        return Table(title, _cells(comparisons), _WORDS, notes)

    def _left_out(self) -> list[LeftOut]:
        """Photographs that gave no face, of those to train on and of those held out, and files that are none."""
        data = self.data
        validated = left_out_files(data.validation.manifest, data.validation.faces) if data.validation else []
        return list(dict.fromkeys(left_out_files(data.manifest, data.faces) + validated))  # both parts list the latter

    def _given(self) -> str:
        """What there is, before a face was looked for."""
        given, validation = f"{_counted(self.data.manifest.photographs)} to train on", self.data.validation
        if validation is None:
            return f"{given}, nobody held out."
        return f"{given}; {_counted(validation.manifest.photographs)} held out."

    def _used(self) -> str:
        """What was really used of it, and what was not; the numbers add up to the rows of both manifests."""
        data, validation = self.data, self.data.validation
        trained = _used_of("Trained on", data.manifest, data.faces)
        if validation is None:
            return f"{trained} Nobody was held out."
        return f"{trained} {_used_of('Held out:', validation.manifest, validation.faces)}"

    def _evaluation(self) -> str:
        """The command that gives the table's figures once more, from the checkpoint."""
        assert self.data.validation
        settings = self.settings
        model = settings.model.plain() | {"checkpoint": self.folder / "checkpoints" / "best.ckpt"}
        words = [f"model={model.pop('backbone')}"]
        words += [f"model.{key}={show(value)}" for key, value in model.items() if value is not None]
        words += ["data=manifest", f"data.manifest={self.folder / VALIDATION_MANIFEST}"]
        words += [f"data.root={self.data.validation.manifest.root}", f"data.detector={settings.data.detector}"]
        words += [f"query={show(list(settings.query))}", f"seed={settings.seed}"]
        return shlex.join(["python", "evaluate.py", "--no-rerank", *words])

    def _facts(self) -> dict[str, Any]:
        data, validation = self.data, self.data.validation
        return {
            "data": {
                "name": self.settings.data.name,
                "sha256": data.faces.digest,
                **_facts_of(data.manifest, data.faces),
                "ignored": len(data.manifest.ignored),
                "held_out": validation
                and {"sha256": validation.faces.digest, **_facts_of(validation.manifest, validation.faces)},
            },
            "model": {"name": model_label(self.settings.model), "weights_sha256": self.weights_sha256},
            "seed": self.settings.seed,
            "unit": UNIT,
        }


def _cells(comparisons: Mapping[str, Sequence[Comparison]]) -> list[Cells]:
    """A line a kind of query, stage and set of weights."""
    lines: list[Cells] = []
    for number, first in enumerate(next(iter(comparisons.values()))):
        for stage in first.figures:
            for weights, of_weights in comparisons.items():
                figures = of_weights[number].figures[stage]
                named = {"query": first.kind, "stage": stage, "weights": weights}
                lines.append(named | {name: stage_text(stage, estimate) for name, estimate in figures.items()})
    return lines


def _used_rows(manifest: Manifest, faces: AlignedFaces) -> list[Photograph]:
    without = {entry.row for entry in faces.left_out}
    return [photograph for row, photograph in enumerate(manifest.photographs) if row not in without]


def _counted(photographs: Sequence[Photograph]) -> str:
    return f"{len(photographs)} photographs of {_people(photographs)} people"


def _people(photographs: Sequence[Photograph]) -> int:
    return len({photograph.identity for photograph in photographs})


def _used_of(what: str, manifest: Manifest, faces: AlignedFaces) -> str:
    """``Trained on 11 photographs of 3 people (1 of 12 gave no face).``"""
    rest = f" ({len(faces.left_out)} of {len(manifest)} gave no face)" if faces.left_out else ""
    return f"{what} {_counted(_used_rows(manifest, faces))}{rest}."


def _facts_of(manifest: Manifest, faces: AlignedFaces) -> dict[str, int]:
    """Photographs used and left out, which add up to the manifest's rows, and the people on those used."""
    used = _used_rows(manifest, faces)
    counts = {"rows": len(manifest), "photographs": len(used), "people": _people(used)}
    return counts | {"left_out": len(faces.left_out)}
