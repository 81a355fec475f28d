"""What a verification run leaves behind: a table on the terminal, files, and the ROC as a picture."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from fdemd.data.accounting import Account
from fdemd.data.pairs import Pairs
from fdemd.embedding.normalization import FittedNormalization
from fdemd.report.cells import number
from fdemd.report.labels import model_label, patches_label, run_title
from fdemd.report.normalization import normalization_facts, normalization_note
from fdemd.report.roc import save_roc
from fdemd.report.table import Cells, Table, print_sentence
from fdemd.report.writing import LeftOut, publish, rounded_seconds
from fdemd.scoring.pairs import Verification
from fdemd.settings.jobs import Evaluate
from fdemd.settings.ranking import EmdRerank, NoRerank


@dataclass(frozen=True)
class VerificationReport:
    """Results of one run and everything that decided them.

    Attributes:
        settings: Settings of the run.
        pairs: Pairs that were compared.
        failed: ``(P,)`` boolean, pairs in which a face was not found.
        account: What became of the photographs of the pairs.
        faces_sha256: sha256 of the aligned faces.
        left_out: Photographs without a face.
        results: What each similarity gave.
        grid: Rows and columns of the network's patches.
        weights_sha256: sha256 of the network's weights.
        origin: Where the features came from.
        seconds: Step of the run -> seconds that it took.
        normalization: Score normalization; None without.
    """

    settings: Evaluate
    pairs: Pairs
    failed: Tensor
    account: Account
    faces_sha256: str
    left_out: Sequence[LeftOut]
    results: Sequence[Verification]
    grid: tuple[int, int]
    weights_sha256: str
    origin: str
    seconds: Mapping[str, float]
    normalization: FittedNormalization | None = None

    def write(self, folder: Path) -> None:
        """Print the table and write all files to an existing, empty folder.

        Raises:
            InputError: A file cannot be written.
        """
        title = f"{run_title(self.settings.model, self.settings.data)}, verification"
        publish(
            folder,
            self.settings,
            tables=[Table(title, [_cells(result) for result in self.results], ("similarity",), self._notes())],
            rows=[_row(result) for result in self.results],
            facts=self._facts(),
            left_out=[*self.left_out, *(self.normalization.left_out if self.normalization else ())],
        )
        if self.normalization:
            self.normalization.write(folder)
        save_roc(folder / "roc.png", self.results, title, negatives=int((~self.pairs.same).sum()))
        print_sentence(f"Results, settings, ROC and the list of files left out are in {folder}/")

    def _notes(self) -> list[str]:
        counts = self._counts()
        notes = [
            f"Percent. Accuracy: mean over {counts['folds']} folds, each with the threshold of the others; sd over the "
            "folds, se of the mean. TAR@x: true accept rate at a false accept rate of x. mirrored: embeddings joined "
            "with those of the mirror images.",
            f"{counts['pairs']} pairs, {counts['pairs_of_one_person']} of one person; of {counts['photographs']} "
            f"photographs {counts['used']} gave a face, {counts['no_face_found']} none, {counts['unreadable']} are "
            f"unreadable. Pairs with one of these ({counts['failed_pairs']}) count as wrong in the accuracy, whether "
            "of one person or of two, and as rejected in TAR and ROC.",
        ]
        negatives = counts["pairs"] - counts["pairs_of_one_person"]
        if small := [point.far for point in self.results[0].points if point.far * negatives < 1]:
            notes.append(
                f"A FAR of {' or '.join(f'{far:g}' for far in small)} allows less than one of the {negatives} pairs of "
                "two people, so TAR there hangs on the closest of them alone."
            )
        if self.normalization:
            notes.append(normalization_note(self.normalization))
        rerank = self.settings.rerank
        if isinstance(rerank, EmdRerank):
            rows, columns = rerank.grid or self.grid
            patches = patches_label((rows, columns), self.settings.features.dtype)
            notes.append(
                f"EMD: weighting {rerank.weighting}, {patches}, eps {rerank.eps:g}; every pair, so that k plays no "
                "part."
            )
        return notes

    def _counts(self) -> dict[str, int]:
        return {
            "pairs": len(self.pairs),
            "pairs_of_one_person": int(self.pairs.same.sum()),
            "folds": int(self.pairs.fold.max()) + 1,
            **self.account.facts(),
            "failed_pairs": int(self.failed.sum()),
        }

    def _facts(self) -> dict[str, Any]:
        settings, data = self.settings, self.settings.data
        counted = {"name": data.name, "sha256": self.faces_sha256, "detector": data.detector, **self._counts()}
        return {
            "data": counted,
            "failed_pairs": self._failed_pairs(),
            "model": {
                "name": model_label(settings.model),
                "weights_sha256": self.weights_sha256,
                "flip": getattr(data, "flip", False),
            },
            "features": {"clean": self.origin},
            "patch_precision": settings.features.dtype,
            **({"align": normalization_facts(self.normalization)} if self.normalization else {}),
            "emd": None if isinstance(settings.rerank, NoRerank) else settings.rerank.plain(),
            "unit": "percent",
            "seconds": rounded_seconds(self.seconds),
        }

    def _failed_pairs(self) -> list[list[str]]:
        photographs, chosen = self.pairs.manifest.photographs, self.failed.nonzero()[:, 0]
        rows = zip(self.pairs.first[chosen].tolist(), self.pairs.second[chosen].tolist(), strict=True)
        return [[photographs[first].path, photographs[second].path] for first, second in rows]


def _row(result: Verification) -> dict[str, Any]:
    """Everything in percent, flat."""
    accuracy = result.accuracy
    shares = {"accuracy": accuracy.mean, "sd": accuracy.deviation, "se": accuracy.standard_error}
    shares |= {f"TAR@1e{math.log10(point.far):.0f}": point.tar for point in result.points}
    return {"similarity": result.similarity, **{name: round(100 * share, 4) for name, share in shares.items()}}


def _cells(result: Verification) -> Cells:
    row = _row(result)
    return {"similarity": row.pop("similarity"), **{name: number(value, 2) for name, value in row.items()}}
