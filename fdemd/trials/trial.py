"""What one seed gave."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from fdemd.identification import Comparison
from fdemd.trials.rejection import Rejection

PRETRAINED = "pretrained"


@dataclass(frozen=True)
class Trial:
    """One seed: its own people to train on and to test, its own trainings.

    Attributes:
        seed: of the people, the trainings and everything drawn.
        compared: weights (:data:`PRETRAINED`, these with a way to align scores, or the name of a training) -> figures
            of every kind of query and protocol.
        rejections: name of a training with a scale head -> what its scales are worth.
        checkpoints: name of a training -> its file.
        left_out: files that gave no face: path, problem, reason.
    """

    seed: int
    compared: dict[str, Sequence[Comparison]] = field(default_factory=dict)
    rejections: dict[str, Rejection] = field(default_factory=dict)
    checkpoints: dict[str, str] = field(default_factory=dict)
    left_out: list[tuple[str, str, str]] = field(default_factory=list)

    def leave_out(self, files: Iterable[tuple[str, str, str]]) -> None:
        """Add files that are not known yet."""
        self.left_out.extend(each for each in files if each not in self.left_out)
