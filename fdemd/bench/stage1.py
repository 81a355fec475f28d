"""Stage 1 over made-up embeddings: seconds to index, memory, milliseconds a query, recall, exact and by FAISS."""

from __future__ import annotations

import argparse
import os
import platform
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from threading import Event, Thread
from typing import Any

import torch
from pydantic import TypeAdapter
from rich import box
from rich.console import Console
from rich.table import Table
from torch import Tensor

from fdemd.bench.memory import own_memory
from fdemd.bench.own_process import own_process
from fdemd.bench.stage1_making import embeddings, queries_of
from fdemd.errors import InputError
from fdemd.retrieval.faiss_search import FaissIndex, check_installed
from fdemd.retrieval.search import search_exactly
from fdemd.runs.files import write_json
from fdemd.settings.ranking import ExactSearch, Stage1

SEARCHES = ("exact", "faiss_ivf", "faiss_ivfpq", "faiss_hnsw", "faiss_flat")
_DEFAULT = ("exact", "faiss_ivfpq")
_ALONE = 3
"""Queries that are searched for one by one."""
_LOOK = 0.2
"""Seconds between two looks at the memory."""


@dataclass(frozen=True)
class Searched:
    """What one search costs and finds.

    Attributes:
        search: Name of the search, with its settings.
        seconds_to_index: Until the first query can be answered.
        index_memory: Bytes that the process takes then, without the embeddings on the disk; None if not known.
        most_memory: Bytes at most, likewise.
        milliseconds: Of a query, all of them together.
        milliseconds_alone: Of a query that is searched for alone.
        recall: Share of the exact ranking that is found, in [0, 1].
    """

    search: str
    seconds_to_index: float
    index_memory: int | None
    most_memory: int | None
    milliseconds: float
    milliseconds_alone: float
    recall: float


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of this benchmark to a command line."""
    parser.add_argument("--rows", type=int, default=1_000_000, help="faces in the gallery (default: 1,000,000)")
    parser.add_argument("--length", type=int, default=512, help="numbers of an embedding (default: 512)")
    parser.add_argument("--queries", type=int, default=256, help="default: 256")
    parser.add_argument("--depth", type=int, default=100, help="places to fill (default: 100)")
    parser.add_argument(
        "--searches", nargs="+", choices=SEARCHES, default=_DEFAULT, help=f"default: {' '.join(_DEFAULT)}"
    )
    parser.add_argument("--nlist", type=int, help="cells of faiss_ivf and faiss_ivfpq (default: theirs)")
    parser.add_argument("--nprobe", type=int, help="cells of them that are searched (default: theirs)")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1, help="default: one a core")
    parser.add_argument("--folder", metavar="DIR", type=Path, help="keep the embeddings there, 2 bytes a number")
    parser.add_argument("--json", metavar="FILE", type=Path, help="write the figures there as well")


def run(arguments: argparse.Namespace) -> None:
    """Measure, print a table and, if asked to, write the figures.

    Raises:
        InputError: An option cannot be used, FAISS is missing, or the disk has no room.
    """
    for option in ("rows", "length", "queries", "depth", "threads"):
        if getattr(arguments, option) <= 0:
            raise InputError(f"--{option} is {getattr(arguments, option)}; it must be above 0.")
    if arguments.json and not arguments.json.absolute().parent.is_dir():
        raise InputError(f"The folder of --json {arguments.json} does not exist; make it first.")
    given = {name: getattr(arguments, name) for name in ("nlist", "nprobe") if getattr(arguments, name) is not None}
    stages = [_section(search, given) for search in arguments.searches]
    for stage in stages:
        check_installed(stage)
    with tempfile.TemporaryDirectory() as temporary:
        found = measure(
            (arguments.folder or Path(temporary)) / f"embeddings-{arguments.rows}x{arguments.length}.f16",
            arguments.rows,
            arguments.length,
            arguments.queries,
            arguments.depth,
            stages,
            arguments.threads,
        )
    Console().print(_table(found, arguments))
    if arguments.json:
        facts = {name: getattr(arguments, name) for name in ("rows", "length", "queries", "depth", "threads")}
        facts |= {"processor": platform.processor() or platform.machine(), "torch": torch.__version__}
        write_json(arguments.json, facts | {"searches": [asdict(each) for each in found]})


def measure(
    path: Path, rows: int, length: int, queries: int, depth: int, stages: Sequence[Stage1], threads: int
) -> list[Searched]:
    """Measure searches, each in a process of its own.

    Args:
        path: File of the embeddings; made unless it is there.
        rows: Number of faces.
        length: Numbers of an embedding.
        queries: Number of queries.
        depth: Places to fill.
        stages: Settings of the searches.
        threads: Threads of PyTorch and FAISS.

    Raises:
        InputError: The disk has no room for the embeddings.
    """
    torch.set_num_threads(threads)
    gallery = embeddings(path, rows, length)
    query = queries_of(gallery, queries)
    exact, _ = _exactly(query, gallery, depth)
    found = []
    for stage in stages:
        with own_process() as process:
            found.append(process.submit(_searched, stage, path, rows, query, exact, threads).result())
    return found


def _section(search: str, given: dict[str, int]) -> Stage1:
    """Settings of a search, with those that it takes of the given ones."""
    section: Stage1 = TypeAdapter(Stage1).validate_python({"search": search})
    return section.model_copy(update={name: value for name, value in given.items() if hasattr(section, name)})


def _exactly(query: Tensor, gallery: Tensor, depth: int) -> tuple[Tensor, Tensor]:
    nobody = torch.zeros((), dtype=torch.bool)
    return search_exactly(query, gallery, depth, lambda rows, columns: nobody)


def _searched(stage: Stage1, path: Path, rows: int, query: Tensor, exact: Tensor, threads: int) -> Searched:
    torch.set_num_threads(threads)
    gallery, depth = embeddings(path, rows, query.shape[1]), exact.shape[1]
    with _Memory() as memory:
        started = time.perf_counter()
        name: str = stage.search
        ask: Callable[[Tensor], tuple[Tensor, Tensor]]
        if isinstance(stage, ExactSearch):
            ask = partial(_exactly, gallery=gallery, depth=depth)
        else:
            index = FaissIndex(stage, gallery, 0)
            name, ask = str(index), partial(index.search, depth=depth)
        indexed, after = time.perf_counter() - started, own_memory()
        ask(query[:1])
        together = _seconds(partial(ask, query))
        alone = sorted(_seconds(partial(ask, each)) for each in query[:_ALONE].split(1))
        found, _ = ask(query)
    hits = [torch.isin(right, given).double().mean() for right, given in zip(exact, found, strict=True)]
    return Searched(
        name,
        round(indexed, 2),
        after,
        memory.most,
        round(1000 * together / len(query), 2),
        round(1000 * alone[len(alone) // 2], 2),
        round(float(torch.stack(hits).mean()), 4),
    )


class _Memory:
    """Looks at the memory of this process again and again while something runs."""

    def __enter__(self) -> _Memory:
        self.most, self._over = own_memory(), Event()
        self._thread = Thread(target=self._look, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while self.most is not None and not self._over.wait(_LOOK):
            self.most = max(self.most, own_memory() or 0)


def _seconds(call: Callable[[], object]) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def _table(found: Sequence[Searched], arguments: Any) -> Table:
    title = f"{arguments.rows:,} x {arguments.length}, {arguments.queries} queries, {arguments.threads} threads"
    table = Table(title=title, title_justify="left", box=box.SIMPLE, show_edge=False, pad_edge=False)
    table.add_column("search")
    for column in ("s to index", "MB then", "MB at most", "ms a query", "ms alone", f"recall@{arguments.depth}"):
        table.add_column(column, justify="right")
    for each in found:
        memory = ("-" if bytes_ is None else f"{bytes_ / 1e6:.0f}" for bytes_ in (each.index_memory, each.most_memory))
        times = (f"{each.milliseconds:.2f}", f"{each.milliseconds_alone:.1f}")
        table.add_row(each.search, f"{each.seconds_to_index:.1f}", *memory, *times, f"{each.recall:.3f}")
    return table
