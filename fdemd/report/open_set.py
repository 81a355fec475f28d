"""What a run on an open set leaves behind: tables on the terminal, files, and the DET curve."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console
from torch import Tensor

from fdemd.backbones.convnet import RANDOM
from fdemd.backbones.projection import RAW
from fdemd.data.datamodule import FaceDataModule
from fdemd.data.left_out import left_out_files
from fdemd.files.writing import write_text
from fdemd.metrics.intervals import Estimate
from fdemd.metrics.open_set import searches_needed
from fdemd.report.det import save_det
from fdemd.report.identification import model_label, patches_label
from fdemd.report.lines import markdown_lines, say, terminal_lines, unsaid
from fdemd.report.page import FigureBlock, TableBlock, save_page
from fdemd.report.protocols import protocol_title, tables_of
from fdemd.report.queries import QUERIES, write_searches
from fdemd.report.second_stage import other_reranker_note
from fdemd.retrieval.protocol import LEAVE_ONE_OUT
from fdemd.runs.files import versions, write_csv, write_json, write_left_out, write_yaml
from fdemd.scoring.open_set import RATES, OpenSet
from fdemd.settings.ranking import EmdRerank, Reranking


class Searched(NamedTuple):
    """The gallery that was searched: its manifest rows, number of people, and the grid that stage 2 compared."""

    rows: Tensor
    people: int
    grid: tuple[int, int]


@dataclass(frozen=True)
class OpenSetReport:
    """Results of one run and everything that decided them.

    Attributes:
        config: of the run.
        settings: of the second stage, None without it.
        faces: queries and gallery, before anyone was taken out.
        results: one a kind of query and protocol.
        thresholds: stage -> T at each of the FPIRs, None where the clean non-mated searches are too few.
        protocols: asked for.
        gallery: that was searched.
        outside: people taken out of the gallery.
        weights_sha256: of the network.
        origins: kind of query -> where its features came from.
        seconds: of each step.
    """

    config: Mapping[str, Any]
    settings: Reranking | None
    faces: FaceDataModule
    results: Sequence[OpenSet]
    thresholds: Mapping[str, Sequence[float | None]]
    protocols: Sequence[str]
    gallery: Searched
    outside: frozenset[str]
    weights_sha256: str
    origins: Mapping[str, str]
    seconds: Mapping[str, float]

    def write(self, folder: Path) -> None:
        """Print the tables and write all files to an existing, empty folder."""
        rows, console, panels = self.rows(), Console(), self._panels()
        tables = []
        said: set[str] = set()
        for protocol, results in panels.items():
            shown = [row for row in rows if row["protocol"] in {result.protocol for result in results}]
            title = f"{self._title()}, {protocol_title(protocol, self.protocols, self.faces.account)}"
            notes = unsaid(self._notes(results), said)
            tables.append(TableBlock(title, list(_cells(shown)), ("query", "stage"), notes))
        for table in tables:
            console.print(terminal_lines(table.title, table.cells, table.notes, left=table.left))
        texts = [markdown_lines(table.title, table.cells, table.notes) for table in tables]
        write_text(folder / "results.md", "\n".join(texts))
        write_csv(folder / "results.csv", rows)
        write_json(folder / "results.json", self._facts() | {"results": rows})
        write_yaml(folder / "config.yaml", dict(self.config))
        write_searches(folder / QUERIES, self.faces, self.gallery.rows, self.results)
        write_left_out(folder / "left_out.csv", left_out_files(self.faces.manifest, self.faces.faces))
        files = save_det(folder / "det", panels, self.thresholds, self._title())
        save_page(folder / "report.html", self._title(), [*tables, FigureBlock("Detection error trade-off", files[1])])
        done = (
            f"Results, each search ({QUERIES}), settings, DET curves, the list of files left out, and one page, "
            f"report.html, are in {folder}/"
        )
        say(console, done)

    def rows(self) -> list[dict[str, Any]]:
        """One flat row a protocol, kind of query and stage: rates in percent with their intervals, T, counts."""
        return [self._row(result, stage) for result in self.results for stage in self.thresholds]

    def _row(self, result: OpenSet, stage: str) -> dict[str, Any]:
        row: dict[str, Any] = {"protocol": result.protocol, "query": result.kind, "stage": stage}
        for rate, threshold in zip(RATES, self.thresholds[stage], strict=True):
            point = None if threshold is None else result.error_rates(stage, threshold, self.config["seed"])
            row[f"T@{rate:g}"] = threshold
            row |= _ends(f"FNIR@{rate:g}", point and point.fnir) | _ends(f"FPIR@{rate:g}", point and point.fpir)
        row |= {"mated": len(result.mated), "mated people": result.mated.people, "mated missed": result.mated.missed}
        row |= {"non-mated": len(result.nonmated), "non-mated people": result.nonmated.people}
        return row | {"non-mated missed": result.nonmated.missed, "lone": result.lone}

    def _panels(self) -> dict[str, list[OpenSet]]:
        """Protocol -> results to show under it; leave-one-out stands under each, unless it is all there is."""
        measured = {result.protocol for result in self.results}
        return {
            protocol: [result for result in self.results if result.protocol in (protocol, LEAVE_ONE_OUT)]
            for protocol in tables_of(measured, self.protocols, self.faces.account)
        }

    def _title(self) -> str:
        return f"{model_label(self.config['model'])} on {self.config['data']['name']}, open set"

    def _notes(self, results: Sequence[OpenSet]) -> list[str]:
        account, rank = self.faces.account, self.config["open_set"]["rank"]
        notes = [
            "Percent (95 % interval, bootstrap over people, T held fixed). FNIR: searches for people in the gallery "
            f"that do not have them in the first R = {rank} places with a score of T or more. FPIR met: searches for "
            "people outside whose first place has T or more. T is set on clean faces, at the FPIR in the first column.",
            f"N: {len(self.gallery.rows)} gallery faces of {self.gallery.people} people. Outside: {len(self.outside)} "
            f"people (share {self.config['open_set']['outside']:g} of those with queries, seed {self.config['seed']}).",
            f"{account.sentence()} A query without a face found is a search without candidates.",
            *_searches(results),
        ]
        if any(result.protocol == LEAVE_ONE_OUT for result in results) and len(self._panels()) > 1:
            notes.append("Clean mated searches: leave-one-out.")
        if isinstance(settings := self.settings, EmdRerank):
            patches = patches_label(self.gallery.grid, self.config["features"]["dtype"])
            kind = "" if settings.patches == RAW else f"{settings.patches} "
            stop = f"converged to {settings.tolerance:g}" if settings.stop == "converged" else "official"
            notes.append(
                f"Stage 2: alpha * Earth Mover's similarity + (1 - alpha) * cosine, alpha {settings.alpha}, k "
                f"{settings.k}, weighting {settings.weighting}, {kind}{patches}, eps {settings.eps:g}, stop {stop}."
            )
        elif settings:
            notes.append(other_reranker_note(settings, settings.k))
        if self.weights_sha256 == RANDOM:
            notes.append("The network's weights are random: these figures are those of an untrained network.")
        for result in results:
            for text, pairs in (
                ("stopped before they had converged", result.mated.unfinished + result.nonmated.unfinished),
                ("had no positive weight and took uniform ones", result.mated.fallbacks + result.nonmated.fallbacks),
            ):
                if pairs:
                    notes.append(f"{result.kind}: {pairs} pairs {text}.")
        return notes

    def _facts(self) -> dict[str, Any]:
        return {
            "written": datetime.now().astimezone().isoformat(timespec="seconds"),
            "data": {
                "name": self.config["data"]["name"],
                "sha256": self.faces.faces.digest,
                **self.faces.account.facts(),
                **self.faces.account.query_facts(),
            },
            "open set": {
                **self.config["open_set"],
                "gallery faces": len(self.gallery.rows),
                "gallery people": self.gallery.people,
                "people outside": sorted(self.outside),
                "searches needed": {f"{rate:g}": searches_needed(rate) for rate in RATES},
            },
            "model": {"name": model_label(self.config["model"]), "weights_sha256": self.weights_sha256},
            "stage1": dict(self.config["stage1"]),
            "rerank": self.settings.model_dump(mode="json") if self.settings else None,
            "features": dict(self.origins),
            "patch precision": self.config["features"]["dtype"],
            "seed": self.config["seed"],
            "unit": "percent, T as the scores; low and high are the ends of the 95 % bootstrap interval over people, T "
            "held fixed",
            "seconds": {step: round(seconds, 2) for step, seconds in self.seconds.items()},
            "versions": versions(),
        }


def _searches(results: Sequence[OpenSet]) -> list[str]:
    """A sentence for each set of numbers of searches, with the kinds of query that have it."""
    told: dict[str, list[str]] = {}
    for result in results:
        mated, nonmated = result.mated, result.nonmated
        text = (
            f"{len(mated)} mated searches of {mated.people} people ({mated.missed} without a face found), "
            f"{len(nonmated)} non-mated of {nonmated.people} ({nonmated.missed} without); {result.lone} lone ones, of "
            "people inside without another photograph of them in the gallery, are in no figure."
        )
        told.setdefault(text, []).append(result.kind)
    return [f"{', '.join(kinds)}: {text}" for text, kinds in told.items()]


def _ends(name: str, estimate: Estimate | None) -> dict[str, float | None]:
    """A rate in percent and the ends of its interval; None where there is no threshold."""
    ends = [None] * 3 if estimate is None else [round(100 * share, 4) for share in estimate]
    return dict(zip((name, f"{name} low", f"{name} high"), ends, strict=True))


def _cells(rows: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, str]]:
    """Lines of the table: by FPIR, then as the rows; one line for an FPIR that has no threshold."""
    for rate in RATES:
        column = f"{100 * rate:g} %"
        if rows[0][f"T@{rate:g}"] is None:
            need = f"needs {searches_needed(rate)} non-mated searches"
            yield {"at FPIR": column, "query": "-", "stage": "-", "T": "-", "FNIR": need, "FPIR met": "-"}
            continue
        for row in rows:
            yield {
                "at FPIR": column,
                "query": row["query"],
                "stage": row["stage"],
                "T": f"{row[f'T@{rate:g}']:.4f}",
                "FNIR": _percent(row, f"FNIR@{rate:g}", 1),
                "FPIR met": _percent(row, f"FPIR@{rate:g}", 2),
            }


def _percent(row: Mapping[str, Any], name: str, digits: int) -> str:
    low, high = (f"{row[f'{name} {end}']:.{digits}f}" for end in ("low", "high"))
    return f"{row[name]:.{digits}f} ({low}-{high})"
