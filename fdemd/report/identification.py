"""What an identification run leaves behind: tables on the terminal, files, and a picture."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from torch import Tensor

from fdemd.attacks.adversary import Adversary
from fdemd.backbones.convnet import RANDOM
from fdemd.data.accounting import Account, QueryCounts, sentences_of_queries
from fdemd.data.datamodule import FaceDataModule
from fdemd.data.left_out import left_out_files
from fdemd.embedding.normalization import FittedNormalization
from fdemd.emd import Transport
from fdemd.emd.engines import AUTO, FAST, REFERENCE
from fdemd.emd.similarity import reference_only
from fdemd.files.writing import write_text
from fdemd.report.adversarial import attack_remark
from fdemd.report.flow import reconstruction
from fdemd.report.lines import say, unsaid
from fdemd.report.normalization import normalization_facts, normalization_note
from fdemd.report.picture import PictureRow, Shown, save_picture
from fdemd.report.protocols import protocol_title, tables_of
from fdemd.report.queries import QUERIES, write_queries
from fdemd.report.tables import markdown_text, rich_table, rows_of
from fdemd.retrieval.protocol import LEAVE_ONE_OUT
from fdemd.retrieval.ranking import NOBODY, Ranking
from fdemd.retrieval.settings import RerankSettings
from fdemd.retrieval.stage1 import Recall
from fdemd.runs.files import versions, write_csv, write_json, write_left_out, write_yaml
from fdemd.scoring.closed_set import FEWEST_PLACES, Comparison
from fdemd.settings.queries import ADVERSARIAL

PICTURED = FEWEST_PLACES
"""Faces of each ranked list in the picture."""
PairTransport = Callable[[str, Tensor, Tensor], Transport | None]
"""Kind of query, its manifest row ``(1,)`` and that of a gallery face ``(1,)`` -> transport with its flow."""


def model_label(model: Mapping[str, Any]) -> str:
    """What a model's settings are called in titles and file names: ``dlib``, ``timm-resnet18``, ``iresnet-50``."""
    return "-".join(str(model[key]) for key in ("backbone", "name", "variant", "depth") if key in model)


def patches_label(grid: tuple[int, int], dtype: str) -> str:
    """What notes call the patches: ``8x8 patches``, and that they were rounded if so."""
    return f"{grid[0]}x{grid[1]} patches" + ("" if dtype == "float32" else f" in {dtype}")


def _recall_label(recall: Recall) -> str:
    """``99.12 % of the first 100 (of 400 queries)``."""
    return f"{100 * recall.mean:.2f} % of the first {recall.depth} (of {recall.queries} queries)"


@dataclass(frozen=True)
class IdentificationReport:
    """Results of one run and everything that decided them.

    Attributes:
        config: of the run.
        settings: of the second stage, None without it.
        faces: queries and gallery.
        comparisons: one a kind of query and protocol.
        protocols: asked for.
        weights_sha256: of the network.
        origins: kind of query -> where its features came from.
        seconds: of each step.
        adversary: that made the adversarial queries, None without any.
        normalization: Score normalization; None without.
    """

    config: Mapping[str, Any]
    settings: RerankSettings | None
    faces: FaceDataModule
    comparisons: Sequence[Comparison]
    protocols: Sequence[str]
    weights_sha256: str
    origins: Mapping[str, str]
    seconds: Mapping[str, float]
    adversary: Adversary | None
    normalization: FittedNormalization | None = None

    def write(self, folder: Path, transport: PairTransport) -> None:
        """Print the tables and write all files.

        Args:
            folder: an existing, empty folder.
            transport: gives the flows for the picture.
        """
        console = Console()
        markdown: list[str] = []
        said: set[str] = set()
        for protocol in self._tables():
            chosen = self._under(protocol)
            title, notes = self._title(protocol), unsaid(self._notes(chosen), said)
            console.print(rich_table(title, chosen, notes))
            markdown.append(markdown_text(title, chosen, notes))
        rows = rows_of(self.comparisons)
        write_text(folder / "results.md", "\n".join(markdown))
        write_csv(folder / "results.csv", rows)
        write_json(folder / "results.json", self._facts() | {"results": rows})
        write_yaml(folder / "config.yaml", dict(self.config))
        write_queries(folder / QUERIES, self.faces, self.comparisons)
        left_out = left_out_files(self.faces.manifest, self.faces.faces)
        write_left_out(
            folder / "left_out.csv", [*left_out, *(self.normalization.left_out if self.normalization else ())]
        )
        if self.normalization:
            self.normalization.write(folder)
        save_picture(folder / "picture.png", self._picture(transport), self._title(self._tables()[0]))
        done = f"Results, each query ({QUERIES}), settings, picture and the list of files left out are in {folder}/"
        say(console, done)

    @property
    def grid(self) -> tuple[int, int]:
        """Rows and columns of the patches that stage 2 compared."""
        return self.comparisons[0].grid

    def _tables(self) -> list[str]:
        """The protocols to print a table of."""
        measured = {comparison.protocol for comparison in self.comparisons}
        return tables_of(measured, self.protocols, self.faces.account)

    def _under(self, protocol: str) -> list[Comparison]:
        return [comparison for comparison in self.comparisons if comparison.protocol in (protocol, LEAVE_ONE_OUT)]

    def _title(self, protocol: str) -> str:
        network, data = model_label(self.config["model"]), self.config["data"]["name"]
        return f"{network} on {data}, {protocol_title(protocol, self.protocols, self.faces.account)}"

    def _notes(self, comparisons: Sequence[Comparison]) -> list[str]:
        account = self.faces.account
        best = (
            " gain: stage 2 minus stage 1, of the same people in every draw. maximum: the best that re-ranking the "
            "first k could do."
            if self.settings
            else ""
        )
        clean = " Clean queries: leave-one-out." if self._mixes_protocols(comparisons) else ""
        notes = [
            f"Mean in percent (95 % interval, bootstrap over people).{best}{clean}",
            f"{account.sentence()} {account.asked} queries a kind, {account.gallery.used} in the gallery. Seed "
            f"{self.config['seed']}.",
            *sentences_of_queries((each.kind, query_counts(each, account)) for each in comparisons),
        ]
        if found := [f"{each.kind} {_recall_label(each.recall)}" for each in comparisons if each.recall]:
            name = next(each.recall.name for each in comparisons if each.recall)
            notes.append(f"Stage 1 asked {name}. Of what exact search finds it found: {', '.join(found)}.")
        if self.normalization:
            notes.append(normalization_note(self.normalization))
        if settings := self.settings:
            patches = patches_label(self.grid, self.config["features"]["dtype"])
            stop = f"converged to {settings.tolerance:g}" if settings.stop == "converged" else "official"
            notes.append(
                f"Stage 2: Earth Mover's similarity, weighting {settings.weighting}, {patches}, alpha "
                f"{settings.alpha}, k {self.comparisons[0].k}, eps {settings.eps:g}, stop {stop}, engine "
                f"{self.comparisons[0].engine}."
            )
            notes += self._slow(settings)
        if self.weights_sha256 == RANDOM:
            notes.append("The network's weights are random: these figures are those of an untrained network.")
        if self.config["legacy_self_count"]:
            notes.append("R counts the query itself where it is in the gallery, as in the published tables (legacy).")
        for comparison in comparisons:
            if self.adversary and comparison.kind == ADVERSARIAL:
                notes.append(f"{comparison.kind}: {attack_remark(self.adversary, self.faces, comparison)}")
            if comparison.unfinished:
                notes.append(f"{comparison.kind}: {comparison.unfinished} pairs stopped before they had converged.")
            if comparison.fallbacks:
                notes.append(
                    f"{comparison.kind}: {comparison.fallbacks} pairs had no positive weight and took uniform ones."
                )
        return notes

    def _slow(self, settings: RerankSettings) -> list[str]:
        """A sentence if the compiled engine would have done the same, had it been there."""
        missing = FAST["cpu"].missing()
        done_by_default = settings.engine == AUTO and self.comparisons[0].engine == REFERENCE
        if not (missing and done_by_default) or reference_only(settings.stopping_rule, settings.eps):
            return []
        return [f"Re-ranking was several times slower than it can be: {missing}."]

    @staticmethod
    def _mixes_protocols(comparisons: Sequence[Comparison]) -> bool:
        measured = {comparison.protocol for comparison in comparisons}
        return LEAVE_ONE_OUT in measured and len(measured) > 1

    def _facts(self) -> dict[str, Any]:
        return {
            "written": datetime.now().astimezone().isoformat(timespec="seconds"),
            "data": {
                "name": self.config["data"]["name"],
                "sha256": self.faces.faces.digest,
                **self.faces.account.facts(),
                **self.faces.account.query_facts(),
            },
            "model": {"name": model_label(self.config["model"]), "weights_sha256": self.weights_sha256},
            "stage1": dict(self.config["stage1"]) | {"recall": self._recalls()},
            **({"align": normalization_facts(self.normalization)} if self.normalization else {}),
            "rerank": asdict(self.settings) | {"engine": self.comparisons[0].engine} if self.settings else None,
            "features": dict(self.origins),
            "patch precision": self.config["features"]["dtype"],
            "seed": self.config["seed"],
            "legacy_self_count": self.config["legacy_self_count"],
            "unit": "percent; low and high are the ends of the 95 % bootstrap interval over people",
            "seconds": {step: round(seconds, 2) for step, seconds in self.seconds.items()},
            "versions": versions(),
        }

    def _recalls(self) -> list[dict[str, Any]]:
        """How much of the exact rankings the first stage's index found; empty if it had none."""
        return [
            {"protocol": each.protocol, "query": each.kind, **each.recall._asdict()}
            for each in self.comparisons
            if each.recall
        ]

    def _picture(self, transport: PairTransport) -> list[PictureRow]:
        """A row a kind of query: the first query that only stage 2 gets right, or the first of all if there is none."""
        return [self._picture_row(comparison, transport) for comparison in self._under(self.protocols[0])]

    def _picture_row(self, comparison: Comparison, transport: PairTransport) -> PictureRow:
        photographs, rows = self.faces.manifest.photographs, self.faces.query_rows
        number = self._telling_query(comparison)
        who = photographs[int(rows[number])].identity

        def shown(ranking: Ranking | None) -> list[Shown]:
            found = [] if ranking is None else self._found(ranking, number)
            return [
                Shown(self.faces.faces.face(row).image, photographs[row].identity, photographs[row].identity == who)
                for row in found
            ]

        flow = None
        if comparison.stage2 and (best := self._found(comparison.stage2, number)):
            pair = transport(comparison.kind, rows[number : number + 1], torch.tensor(best[:1]))
            if pair and pair.flow is not None and pair.query_weight is not None:
                face = self.faces.faces.face(best[0]).image
                flow = reconstruction(face, pair.flow[0, 0], pair.query_weight[0, 0], comparison.grid)
        query = self.faces.query_face(comparison.kind, int(rows[number]))
        return PictureRow(comparison.kind, query, who, shown(comparison.stage1), shown(comparison.stage2), flow)

    def _found(self, ranking: Ranking, number: int) -> list[int]:
        """Manifest rows of a query's best faces."""
        best = ranking.indices[number, :PICTURED]
        return self.faces.gallery_rows[best[best != NOBODY]].tolist()

    def _telling_query(self, comparison: Comparison) -> int:
        """Number of the first query that stage 1 gets wrong and stage 2 right; 0 if there is none."""
        photographs = self.faces.manifest.photographs
        for number, row in enumerate(self.faces.query_rows.tolist() if comparison.stage2 else []):
            first, second = (
                [photographs[best].identity == photographs[row].identity for best in self._found(ranking, number)[:1]]
                for ranking in (comparison.stage1, comparison.stage2)
                if ranking
            )
            if second == [True] and first == [False]:
                return number
        return 0


def query_counts(comparison: Comparison, account: Account) -> QueryCounts:
    """What became of the queries of one kind under one protocol."""
    averaged = comparison.queries - comparison.missed
    return QueryCounts(account.asked, averaged, comparison.missed, comparison.lone)
