"""Benchmark of re-ranking, in pairs per second: the published algorithm, POT and every engine, on real faces."""

from __future__ import annotations

import argparse
import os
import platform
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import torch
from rich.console import Console

from fdemd.bench.emd_contenders import STOP, Task, contenders
from fdemd.bench.emd_faces import embed, installed_sources, nearest, published_sources
from fdemd.bench.emd_measure import Result, measure
from fdemd.bench.emd_report import save_picture, table
from fdemd.bench.emd_task import WholeTask, measure_task
from fdemd.data.manifest import Manifest
from fdemd.data.manifest_file import read_manifest
from fdemd.data.sources import orl_manifest
from fdemd.emd.engines import cpu
from fdemd.errors import InputError, unknown
from fdemd.runs.files import run_folder, write_json


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of this benchmark to a command line."""
    parser.add_argument("grids", metavar="GRID", nargs="*", help="such as 8x8x128; default: all that the networks give")
    parser.add_argument("--data", metavar="MANIFEST", type=Path, help="of prepared faces; default: ORL")
    parser.add_argument("--weights", metavar="DIR", type=Path, help="published weights, for grids of 512 channels")
    parser.add_argument(
        "--task", action="store_true", help="instead, re-rank every face of the data once, as the paper"
    )
    parser.add_argument("--dtype", choices=["float32", "float16", "bfloat16"], default="float16", help="of --task")
    parser.add_argument("--faces", type=int, default=1000, help="of the data to take, for speed (default: 1000)")
    parser.add_argument("--k", type=int, default=100, help="candidates of a query (default: 100)")
    parser.add_argument("--sample", type=int, default=20, help="queries whose rankings are compared (default: 20)")
    parser.add_argument("--seconds", type=float, default=10, help="for each grid, three rounds at least (default: 10)")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1, help="default: one a core")
    parser.add_argument("--output", metavar="DIR", type=Path, default=Path("outputs"), help="default: outputs")


def run(arguments: argparse.Namespace) -> None:
    """Measure, print a table, and write it with its picture to a new folder.

    Raises:
        InputError: An option cannot be used, or the data or weights are not there.
    """
    for option in ("faces", "k", "sample", "threads"):
        if getattr(arguments, option) < 1:
            raise InputError(f"--{option} is {getattr(arguments, option)}; it must be at least 1.")
    sources = published_sources(arguments.weights) if arguments.weights else installed_sources()
    for grid in arguments.grids:
        if grid not in sources:
            raise unknown("grid", grid, sources)
    manifest = read_manifest(arguments.data) if arguments.data else orl_manifest()
    torch.set_num_threads(arguments.threads)
    console, name = Console(), "task" if arguments.task else "emd"
    rows = _some(manifest, len(manifest.photographs) if arguments.task else arguments.faces)
    if arguments.k >= len(rows):
        raise InputError(f"--k is {arguments.k}, and a query has {len(rows) - 1} others to be compared with.")
    grids = arguments.grids or (list(sources)[:1] if arguments.task else list(sources))
    results: list[Result] = []
    tasks: list[WholeTask] = []
    with run_folder(arguments.output, f"bench-{name}") as folder:
        for grid in grids:
            with console.status(f"Measuring {grid}"):
                if arguments.task:
                    faces = embed(sources[grid], manifest, rows, getattr(torch, arguments.dtype))
                    tasks.append(measure_task(faces, arguments.k))
                else:
                    faces = embed(sources[grid], manifest, rows)
                    task = Task(faces, faces, nearest(faces.centre, slice(None), arguments.k))
                    results += measure(
                        grid, task, contenders(), seconds=arguments.seconds, sample=min(arguments.sample, len(rows))
                    )
        data = str(arguments.data) if arguments.data else "ORL"
        title = (
            f"{len(rows)} faces of {data}, k {arguments.k}, tolerance {STOP.tolerance:g}, {arguments.threads} threads"
        )
        if results:
            console.print(table(results, title))
            save_picture(folder / "speed.png", results, title)
        for grid, whole in zip(grids, tasks, strict=False):
            console.print(_sentence(grid, whole), soft_wrap=True, highlight=False)
        facts: dict[str, object] = {"title": title, "versions": _versions(), "instructions": cpu.INSTRUCTIONS}
        facts |= {"results": [asdict(result) for result in results], "tasks": [asdict(whole) for whole in tasks]}
        write_json(folder / "speed.json", facts)
        console.print(f"The figures are in {folder}/", soft_wrap=True, markup=False, highlight=False)


def _some(manifest: Manifest, count: int) -> list[int]:
    """Return rows spread evenly over a manifest."""
    total = len(manifest.photographs)
    return sorted({place * total // min(count, total) for place in range(min(count, total))})


def _sentence(grid: str, whole: WholeTask) -> str:
    return (
        f"{grid}, {whole.dtype}: {whole.queries} queries, k {whole.k}: {whole.seconds:.1f} s (engine {whole.engine}, "
        f"{whole.unfinished} pairs not converged); published algorithm {whole.published_seconds:.0f} s, extrapolated "
        f"from {whole.published_queries} queries: {whole.published_seconds / whole.seconds:.1f} times as long."
    )


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version(), "processor": platform.processor() or platform.machine()}
    for package in ("torch", "pot"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found
