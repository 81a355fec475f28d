"""What one network gave on one data set of a study."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from fdemd.data.evaluated import EvaluatedData
from fdemd.embedding.normalization import FittedNormalization
from fdemd.report.cells import figure_columns
from fdemd.report.labels import model_label, run_title
from fdemd.report.normalization import normalization_facts
from fdemd.report.writing import LeftOut, rounded_seconds
from fdemd.runs.files import path_part
from fdemd.scoring.study import Outcome
from fdemd.settings.jobs import Evaluate


def point_label(settings: Evaluate) -> str:
    """Return the network and the data set of a point as part of a file's name.

    Raises:
        InputError: One of them cannot be part of it.
    """
    return path_part(f"{model_label(settings.model)}_{settings.data.name}")


@dataclass(frozen=True)
class PointResult:
    """What one network gave on one data set.

    Attributes:
        settings: Settings of the point.
        data: What was used of its data.
        query_rows: ``(Q,)`` manifest rows of the queries that were drawn and have a face.
        missed_rows: ``(M,)`` manifest rows of the queries that were drawn and have none.
        outcomes: What every method gave, for each kind of query and protocol.
        weights_sha256: sha256 of the network's weights.
        seconds: Step of the run -> seconds that it took.
        normalization: Score normalization; None without.
    """

    settings: Evaluate
    data: EvaluatedData
    query_rows: Tensor
    missed_rows: Tensor
    outcomes: Sequence[Outcome]
    weights_sha256: str
    seconds: Mapping[str, float]
    normalization: FittedNormalization | None = None

    @property
    def queries(self) -> int:
        """Queries of each kind."""
        return len(self.query_rows) + len(self.missed_rows)

    @property
    def label(self) -> str:
        """The network and the data set as part of a file's name."""
        return point_label(self.settings)

    @property
    def normalization_label(self) -> str:
        """How cosines are normalized, in words; empty without."""
        return self.normalization.settings.in_words if self.normalization else ""

    @property
    def title(self) -> str:
        """``dlib on orl``, how cosines are normalized, and with which copies the gallery was enrolled."""
        copies = f"copies {self.copies_label}" if self.copies_label else ""
        named = [run_title(self.settings.model, self.settings.data), self.normalization_label, copies]
        return ", ".join(filter(None, named))

    @property
    def copies_label(self) -> str:
        """Kinds of copies that the gallery was enrolled with; empty without."""
        return " + ".join(self.settings.copies)

    def rows(self, *, with_normalization: bool, with_copies: bool) -> list[dict[str, Any]]:
        """Return one flat row an outcome; figures in percent with the ends of their 95 % intervals.

        Args:
            with_normalization: Whether rows have a column that says how cosines are aligned.
            with_copies: Whether they have one that says which copies the gallery was enrolled with.
        """
        named = {"model": model_label(self.settings.model), "data": self.settings.data.name}
        if with_copies:
            named["copies"] = self.copies_label
        if with_normalization:
            named["align"] = self.normalization_label
        return [named | _row(outcome) for outcome in self.outcomes]

    def facts(self) -> dict[str, Any]:
        """Return what decided the figures, beside the settings."""
        account = self.data.account
        return {
            "model": model_label(self.settings.model),
            "weights_sha256": self.weights_sha256,
            "data": self.settings.data.name,
            "data_sha256": self.data.digest,
            "copies": list(self.settings.copies),
            **account.facts(),
            **account.query_facts(),
            "queries_a_kind": self.queries,
            "of": account.asked,
            **({"align": normalization_facts(self.normalization)} if self.normalization else {}),
            "seconds": rounded_seconds(self.seconds),
        }

    def left_out(self) -> list[LeftOut]:
        """Return the files that were not used."""
        return [*self.data.left_out, *(self.normalization.left_out if self.normalization else ())]


def _row(outcome: Outcome) -> dict[str, Any]:
    row: dict[str, Any] = {"protocol": outcome.protocol, "query": outcome.kind, **outcome.facts}
    for name, estimate in outcome.figures.items():
        row |= figure_columns(name, estimate)
        row |= figure_columns(f"{name} gain", None if outcome.gains is None else outcome.gains[name])
    row |= {"queries": outcome.queries, "missed": outcome.missed, "lone": outcome.lone}
    return row | {"seconds": None if outcome.seconds is None else round(outcome.seconds, 2)}
