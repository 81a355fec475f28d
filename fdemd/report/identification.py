"""What an identification run leaves behind: tables on the terminal, files, and a picture."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.console import Console
from torch import Tensor

from fdemd.data.aligned import NO_FACE, UNREADABLE
from fdemd.data.datamodule import FaceDataModule
from fdemd.emd import emd_similarity
from fdemd.features import Features
from fdemd.identification import Comparison, RerankSettings
from fdemd.report.files import versions, write_json, write_left_out, write_yaml
from fdemd.report.flow import reconstruction
from fdemd.report.picture import PictureRow, Shown, save_picture
from fdemd.report.tables import csv_text, markdown_text, rich_table, rows_of
from fdemd.retrieval.protocol import LEAVE_ONE_OUT, LEAVE_TWIN_OUT, OFFICIAL
from fdemd.retrieval.ranking import Ranking

PICTURED = 5
"""Faces of each ranked list in the picture."""


_MEANING = {
    LEAVE_TWIN_OUT: "the photograph a query was made from is not in its gallery",
    OFFICIAL: "the photograph a query was made from stays in its gallery",
}


def model_label(model: Mapping[str, Any]) -> str:
    """What a model's settings are called in titles and file names: ``dlib``, ``timm-resnet18``, ``iresnet-50``."""
    return "-".join(str(model[key]) for key in ("backbone", "name", "variant", "depth") if key in model)


@dataclass(frozen=True)
class IdentificationReport:
    """Results of one run and everything that decided them."""

    config: Mapping[str, Any]
    settings: RerankSettings | None
    faces: FaceDataModule
    comparisons: Sequence[Comparison]
    protocols: Sequence[str]
    weights_sha256: str
    seconds: Mapping[str, float]

    def write(self, folder: Path, features: Callable[[str, Tensor], Features]) -> None:
        """Print the tables and write all files.

        Args:
            folder: an existing, empty folder.
            features: kind of query and manifest rows -> features, to draw the flow from.
        """
        console = Console()
        markdown = []
        for protocol in self.protocols:
            chosen = self._under(protocol)
            title, notes = self._title(protocol), self._notes(chosen)
            console.print(rich_table(title, chosen, notes))
            markdown.append(markdown_text(title, chosen, notes))
        rows = rows_of(self.comparisons)
        (folder / "results.md").write_text("\n".join(markdown), encoding="utf-8")
        (folder / "results.csv").write_text(csv_text(rows), encoding="utf-8")
        write_json(folder / "results.json", self._facts() | {"results": rows})
        write_yaml(folder / "config.yaml", dict(self.config))
        write_left_out(folder / "left_out.csv", self._left_out())
        save_picture(folder / "picture.png", self._picture(features), self._title(self.protocols[0]))
        console.print(f"Results, settings, picture and the list of files left out are in {folder}/", soft_wrap=True)

    @property
    def grid(self) -> tuple[int, int]:
        """Rows and columns of the patches that stage 2 compared."""
        return self.comparisons[0].grid

    def _under(self, protocol: str) -> list[Comparison]:
        return [comparison for comparison in self.comparisons if comparison.protocol in (protocol, LEAVE_ONE_OUT)]

    def _title(self, protocol: str) -> str:
        network, data = model_label(self.config["model"]), self.config["data"]["name"]
        return f"{network} on {data}, protocol {protocol}: {_MEANING[protocol]}"

    def _notes(self, comparisons: Sequence[Comparison]) -> list[str]:
        counts = self._counts()
        notes = [
            "Mean in percent (95 % interval, bootstrap over people). Clean queries: leave-one-out. "
            "maximum: the best that re-ranking the first k could do.",
            f"{counts['photographs']} photographs of {counts['people']} people: {counts['queries']} queries a kind, "
            f"{counts['gallery']} in the gallery. Left out: {counts['unreadable']} unreadable, "
            f"{counts['no face found']} without a face found (each a miss as a query), {counts['ignored']} other "
            f"files. Seed {self.config['seed']}.",
        ]
        if settings := self.settings:
            rows, columns = self.grid
            stop = f"converged to {settings.tolerance:g}" if settings.stop == "converged" else "official"
            notes.append(
                f"Stage 2: Earth Mover's similarity, weighting {settings.weighting}, {rows}x{columns} patches, alpha "
                f"{settings.alpha:g}, k {settings.k}, eps {settings.eps:g}, stop {stop}."
            )
        if self.config["legacy_self_count"]:
            notes.append("R counts the query itself where it is in the gallery, as in the published tables (legacy).")
        for comparison in comparisons:
            if comparison.lone:
                notes.append(
                    f"{comparison.kind}: {comparison.lone} queries have no other photograph of the person in the "
                    "gallery and are not averaged."
                )
            if comparison.fallbacks:
                notes.append(
                    f"{comparison.kind}: {comparison.fallbacks} pairs had no positive weight and took uniform ones."
                )
        return notes

    def _counts(self) -> dict[str, int]:
        faces, photographs = self.faces, self.faces.manifest.photographs
        problems = [entry.problem for entry in faces.faces.left_out]
        return {
            "photographs": len(photographs),
            "people": len({photograph.identity for photograph in photographs}),
            "queries": len(faces.query_rows),
            "gallery": len(faces.gallery_rows),
            "unreadable": problems.count(UNREADABLE),
            "no face found": problems.count(NO_FACE),
            "several faces": len(faces.faces.several),
            "ignored": len(faces.manifest.ignored),
        }

    def _left_out(self) -> list[tuple[str, str, str]]:
        photographs = self.faces.manifest.photographs
        without = [(photographs[entry.row].path, entry.problem, entry.reason) for entry in self.faces.faces.left_out]
        return without + [(path, "ignored", reason) for path, reason in self.faces.manifest.ignored]

    def _facts(self) -> dict[str, Any]:
        return {
            "written": datetime.now().astimezone().isoformat(timespec="seconds"),
            "data": {"name": self.config["data"]["name"], "sha256": self.faces.faces.digest, **self._counts()},
            "model": {"name": model_label(self.config["model"]), "weights_sha256": self.weights_sha256},
            "rerank": asdict(self.settings) if self.settings else None,
            "seed": self.config["seed"],
            "legacy_self_count": self.config["legacy_self_count"],
            "unit": "percent; low and high are the ends of the 95 % bootstrap interval over people",
            "seconds": {step: round(seconds, 2) for step, seconds in self.seconds.items()},
            "versions": versions(),
        }

    def _picture(self, features: Callable[[str, Tensor], Features]) -> list[PictureRow]:
        """A row a kind of query: the first query that only stage 2 gets right, or the first of all if there is none."""
        return [self._picture_row(comparison, features) for comparison in self._under(self.protocols[0])]

    def _picture_row(self, comparison: Comparison, features: Callable[[str, Tensor], Features]) -> PictureRow:
        identities = [photograph.identity for photograph in self.faces.manifest.photographs]
        queries, gallery = self.faces.query_rows, self.faces.gallery_rows

        def found(ranking: Ranking, query: int) -> list[int]:
            return gallery[ranking.indices[query, :PICTURED]].tolist()

        def shown(ranking: Ranking | None) -> list[Shown]:
            if ranking is None:
                return []
            rows = found(ranking, number)
            return [Shown(self.faces.faces.face(row).image, identities[row], identities[row] == who) for row in rows]

        number = self._telling_query(comparison, identities)
        row = int(queries[number])
        who = identities[row]
        flow = None
        if comparison.stage2 and self.settings:
            best = gallery[comparison.stage2.indices[number, :1]]
            query_features = features(comparison.kind, queries[number : number + 1])
            flow = self._flow(query_features, features("clean", best), int(best))
        query = self.faces.query_face(comparison.kind, row)
        return PictureRow(comparison.kind, query, who, shown(comparison.stage1), shown(comparison.stage2), flow)

    def _telling_query(self, comparison: Comparison, identities: Sequence[str]) -> int:
        """Number of the first query that stage 1 gets wrong and stage 2 right; 0 if there is none."""
        if comparison.stage2 is None:
            return 0
        for number, row in enumerate(self.faces.query_rows.tolist()):
            first, second = (
                identities[int(self.faces.gallery_rows[ranking.indices[number, 0]])] == identities[row]
                for ranking in (comparison.stage1, comparison.stage2)
            )
            if second and not first:
                return number
        return 0

    def _flow(self, query: Features, best: Features, best_row: int) -> np.ndarray:
        assert self.settings is not None
        if self.settings.grid:
            query, best = query.pooled(self.settings.grid), best.pooled(self.settings.grid)
        transport = emd_similarity(
            query,
            best,
            torch.zeros(1, 1, dtype=torch.long),
            weighting=self.settings.weighting,
            stop=self.settings.stopping_rule,
            eps=self.settings.eps,
            with_flow=True,
        )
        assert transport.flow is not None and transport.query_weight is not None
        face = self.faces.faces.face(best_row).image
        return reconstruction(face, transport.flow[0, 0], transport.query_weight[0, 0], query.grid)
