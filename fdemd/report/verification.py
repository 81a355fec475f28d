"""What a verification run leaves behind: a table on the terminal, files, and the ROC as a picture."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure
from rich.console import Console
from torch import Tensor

from fdemd.data.accounting import account
from fdemd.data.aligned import AlignedFaces
from fdemd.data.pairs import Pairs
from fdemd.embedding.normalization import FittedNormalization
from fdemd.files.writing import write_text
from fdemd.report.identification import model_label, patches_label
from fdemd.report.lines import markdown_lines, say, terminal_lines
from fdemd.report.normalization import normalization_facts, normalization_note
from fdemd.retrieval.settings import RerankSettings
from fdemd.runs.files import versions, write_csv, write_figure, write_json, write_left_out, write_yaml
from fdemd.scoring.pairs import Verification


@dataclass(frozen=True)
class VerificationReport:
    """Results of one run and everything that decided them.

    Attributes:
        config: of the run.
        settings: of the Earth Mover's similarity, None without it.
        pairs: that were compared.
        faces: of the pairs' photographs.
        failed: ``(P,)`` boolean, pairs in which a face was not found.
        results: one a similarity.
        grid: rows and columns of the network's patches.
        weights_sha256: of the network.
        origin: where the features came from.
        seconds: of each step.
        normalization: Score normalization; None without.
    """

    config: Mapping[str, Any]
    settings: RerankSettings | None
    pairs: Pairs
    faces: AlignedFaces
    failed: Tensor
    results: Sequence[Verification]
    grid: tuple[int, int]
    weights_sha256: str
    origin: str
    seconds: Mapping[str, float]
    normalization: FittedNormalization | None = None

    def write(self, folder: Path) -> None:
        """Print the table and write all files to an existing, empty folder."""
        console, title, notes = Console(), self._title(), self._notes()
        cells = [_cells(result) for result in self.results]
        console.print(terminal_lines(title, cells, notes, left=["similarity"]))
        rows = [_row(result) for result in self.results]
        write_text(folder / "results.md", markdown_lines(title, cells, notes))
        write_csv(folder / "results.csv", rows)
        write_json(folder / "results.json", self._facts() | {"results": rows})
        write_yaml(folder / "config.yaml", dict(self.config))
        photographs = self.pairs.manifest.photographs
        left_out = [(photographs[entry.row].path, entry.problem, entry.reason) for entry in self.faces.left_out]
        if self.normalization:
            left_out += self.normalization.left_out
            self.normalization.write(folder)
        write_left_out(folder / "left_out.csv", left_out)
        save_roc(folder / "roc.png", self.results, title, negatives=int((~self.pairs.same).sum()))
        say(console, f"Results, settings, ROC and the list of files left out are in {folder}/")

    def _title(self) -> str:
        return f"{model_label(self.config['model'])} on {self.config['data']['name']}, verification"

    def _notes(self) -> list[str]:
        counts = self._counts()
        notes = [
            f"Percent. Accuracy: mean over {counts['folds']} folds, each with the threshold of the others; sd over the "
            "folds, se of the mean. TAR@x: true accept rate at a false accept rate of x. mirrored: embeddings joined "
            "with those of the mirror images.",
            f"{counts['pairs']} pairs, {counts['pairs of one person']} of one person; of {counts['photographs']} "
            f"photographs {counts['used']} gave a face, {counts['no face found']} none, {counts['unreadable']} are "
            f"unreadable. Pairs with one of these ({counts['failed pairs']}) count as wrong in the accuracy, whether "
            "of one person or of two, and as rejected in TAR and ROC.",
        ]
        negatives = counts["pairs"] - counts["pairs of one person"]
        if small := [point.far for point in self.results[0].points if point.far * negatives < 1]:
            notes.append(
                f"A FAR of {' or '.join(f'{far:g}' for far in small)} allows less than one of the {negatives} pairs of "
                "two people, so TAR there hangs on the closest of them alone."
            )
        if self.normalization:
            notes.append(normalization_note(self.normalization))
        if settings := self.settings:
            patches = patches_label(settings.grid or self.grid, self.config["features"]["dtype"])
            notes.append(
                f"EMD: weighting {settings.weighting}, {patches}, eps {settings.eps:g}; every pair, so that k plays no "
                "part."
            )
        return notes

    def _counts(self) -> dict[str, int]:
        return {
            "pairs": len(self.pairs),
            "pairs of one person": int(self.pairs.same.sum()),
            "folds": int(self.pairs.fold.max()) + 1,
            **account(self.pairs.manifest, self.faces).facts(),
            "without a face": len(self.faces.left_out),
            "failed pairs": int(self.failed.sum()),
        }

    def _facts(self) -> dict[str, Any]:
        data = self.config["data"]
        return {
            "written": datetime.now().astimezone().isoformat(timespec="seconds"),
            "data": {"name": data["name"], "sha256": self.faces.digest, "detector": data["detector"], **self._counts()},
            "failed pairs": self._failed_pairs(),
            "model": {
                "name": model_label(self.config["model"]),
                "weights_sha256": self.weights_sha256,
                "flip": data["flip"],
            },
            "features": {"clean": self.origin},
            "patch precision": self.config["features"]["dtype"],
            **({"align": normalization_facts(self.normalization)} if self.normalization else {}),
            "emd": asdict(self.settings) if self.settings else None,
            "unit": "percent",
            "seconds": {step: round(seconds, 2) for step, seconds in self.seconds.items()},
            "versions": versions(),
        }

    def _failed_pairs(self) -> list[list[str]]:
        photographs, chosen = self.pairs.manifest.photographs, self.failed.nonzero()[:, 0]
        rows = zip(self.pairs.first[chosen].tolist(), self.pairs.second[chosen].tolist(), strict=True)
        return [[photographs[first].path, photographs[second].path] for first, second in rows]


def save_roc(path: Path, results: Sequence[Verification], title: str, *, negatives: int) -> None:
    """Draw true over false accept rates, the latter from one in ``negatives`` on (pairs of two people).

    Raises:
        InputError: the file cannot be written.
    """
    figure = Figure(figsize=(6.4, 4.8), layout="constrained")
    axes = figure.subplots()
    for result in results:
        far, tar = result.roc
        axes.step(far, tar, where="post", label=f"{result.similarity}: accuracy {100 * result.accuracy.mean:.2f} %")
    lowest = min(float(tar[far < 1 / negatives].max()) for far, tar in (result.roc for result in results))
    axes.set(xscale="log", xlim=(1 / negatives, 1), ylim=(max(0.0, lowest - 0.05), 1.005))
    axes.set(xlabel="false accept rate", ylabel="true accept rate")
    axes.set_title(title, loc="left", fontsize=11, parse_math=False)
    axes.grid(alpha=0.3, which="both")
    axes.legend(loc="lower right")
    write_figure(path, figure)


def _row(result: Verification) -> dict[str, Any]:
    """Everything in percent, flat."""
    accuracy = result.accuracy
    row: dict[str, Any] = {"similarity": result.similarity}
    row |= {"accuracy": accuracy.mean, "sd": accuracy.deviation, "se": accuracy.standard_error}
    row |= {f"TAR@1e{math.log10(point.far):.0f}": point.tar for point in result.points}
    return {name: value if isinstance(value, str) else round(100 * value, 4) for name, value in row.items()}


def _cells(result: Verification) -> dict[str, str]:
    """A line of the table: column -> text."""
    return {name: value if isinstance(value, str) else f"{value:.2f}" for name, value in _row(result).items()}
