"""What one seed gave."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from fdemd.data.accounting import Account
from fdemd.files.text import csv_cell, to_printable
from fdemd.scoring.closed_set import Comparison
from fdemd.scoring.rejection import Rejection

PRETRAINED = "pretrained"


@dataclass(frozen=True)
class Trial:
    """One seed: its own people to train on and to test, its own trainings.

    Attributes:
        seed: Seed of the people, the trainings and everything drawn.
        compared: Weights (:data:`PRETRAINED`, these with a score normalization, or the name of a training) -> figures
            of every kind of query and protocol.
        rejections: Name of a training with a scale head -> what its scales are worth.
        checkpoints: Name of a training -> its file.
        apart: How its people were divided, the counts of :class:`fdemd.jobs.train_and_evaluate.PeopleSplit`.
        accounts: Weights -> what became of the photographs that they were compared on.
        left_out: Files that gave no face: path, problem, reason.
    """

    seed: int
    compared: dict[str, Sequence[Comparison]] = field(default_factory=dict)
    rejections: dict[str, Rejection] = field(default_factory=dict)
    checkpoints: dict[str, str] = field(default_factory=dict)
    apart: dict[str, int] = field(default_factory=dict)
    accounts: dict[str, Account] = field(default_factory=dict)
    left_out: list[tuple[str, str, str]] = field(default_factory=list)

    def leave_out(self, files: Iterable[tuple[str, str, str]]) -> None:
        """Add files that are not known yet; path, problem and reason."""
        for path, problem, reason in files:
            each = str(csv_cell(to_printable(path))), problem, str(csv_cell(to_printable(reason)))
            if each not in self.left_out:
                self.left_out.append(each)
