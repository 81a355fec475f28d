"""Detectors side by side: the share of faces found, wrong ones, photographs a second and memory.

They are judged by what they agree on, see :mod:`fdemd.bench.detect_consensus`.
"""

from __future__ import annotations

import argparse
import platform
import resource
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from rich import box
from rich.console import Console
from rich.table import Table

from fdemd.bench.detect_consensus import consensus_of, is_wrong, turned_back
from fdemd.bench.detect_pictures import Pictures, pictures_of
from fdemd.bench.own_process import own_process
from fdemd.errors import InputError, unknown
from fdemd.faces.alignment import five_points
from fdemd.faces.landmarks import DETECTORS, find_face
from fdemd.runs.files import write_json


@dataclass(frozen=True)
class Result:
    """How a detector did on a set.

    Attributes:
        pictures: Name of the set.
        detector: A name in :data:`fdemd.faces.landmarks.DETECTORS`.
        photographs: Number of pictures.
        found: Share of them in which a face is found, 0 to 1.
        wrong: Share of those found that are wrong, 0 to 1; 0 if none is found.
        photographs_per_second: Speed of one core, from pixels to the five points of the face.
        memory: Largest resident memory of the detector's process so far in bytes.
    """

    pictures: str
    detector: str
    photographs: int
    found: float
    wrong: float
    photographs_per_second: float
    memory: int


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of this benchmark to a command line."""
    parser.add_argument("detectors", metavar="DETECTOR", nargs="*", help=f"default: all of {', '.join(DETECTORS)}")
    parser.add_argument("--sample", type=int, default=200, help="photographs of each set to take (default: 200)")
    parser.add_argument("--only", metavar="SET", action="append", help="this set alone, such as LFW; may be repeated")
    parser.add_argument("--seed", type=int, default=0, help="of the sample and what is drawn (default: 0)")
    parser.add_argument("--lfw", metavar="ARCHIVE", type=Path, help="tar of LFW: as it is, masked, turned")
    parser.add_argument("--photographs", metavar="DIR", type=Path, help="folder of photographs of one face each")
    parser.add_argument("--json", metavar="FILE", type=Path, help="write the figures there as well")


def run(arguments: argparse.Namespace) -> None:
    """Measure, print a table and, if asked to, write the figures.

    Raises:
        InputError: There is no such detector, an option cannot be used, or photographs are missing or unreadable.
    """
    for name in arguments.detectors:
        if name not in DETECTORS:
            raise unknown("detector", name, DETECTORS)
    if arguments.sample < 1:
        raise InputError(f"--sample is {arguments.sample}; it must be at least 1.")
    if arguments.json and not arguments.json.absolute().parent.is_dir():
        raise InputError(f"The folder of --json {arguments.json} does not exist; make it first.")
    sets = pictures_of(arguments)
    detectors = arguments.detectors or list(DETECTORS)
    results = measure(detectors, sets, Console(stderr=True))
    Console().print(_table(results, f"{arguments.sample} photographs of each set at most, seed {arguments.seed}"))
    if arguments.json:
        machine = {"processor": platform.processor() or platform.machine(), "opencv": cv2.__version__}
        conditions = {"sample": arguments.sample, "seed": arguments.seed, "detectors": detectors}
        write_json(arguments.json, machine | conditions | {"results": [asdict(result) for result in results]})


def measure(detectors: Sequence[str], sets: Sequence[Pictures], console: Console) -> list[Result]:
    """Try each detector, in a process of its own, on each set, and compare what they find.

    Raises:
        InputError: A photograph cannot be read.
    """
    wanted = list(dict.fromkeys([*(pictures.plain for pictures in sets), *sets]))
    eyes: dict[tuple[str, Pictures], list[np.ndarray | None]] = {}
    speeds: dict[tuple[str, Pictures], tuple[float, int]] = {}
    for detector in detectors:
        with own_process() as process:
            for pictures in wanted:
                with console.status(f"{detector}: {pictures.name or 'photographs as they were taken'}"):
                    found, seconds, memory = process.submit(_try, detector, pictures).result()
                eyes[detector, pictures] = found
                speeds[detector, pictures] = len(found) / seconds, memory
    results = []
    for pictures in sets:
        consensus = consensus_of([eyes[detector, pictures.plain] for detector in detectors], pictures)
        results += [
            _result(detector, pictures, eyes[detector, pictures], consensus, *speeds[detector, pictures])
            for detector in detectors
        ]
    return results


def _try(detector: str, pictures: Pictures) -> tuple[list[np.ndarray | None], float, int]:
    """Return the eyes ``(2, 2)`` found in each picture, the seconds that took, and the largest memory in bytes."""
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    find_face(np.zeros((64, 64, 3), np.uint8), detector)  # loads the networks
    eyes: list[np.ndarray | None] = []
    seconds = 0.0
    for image, _ in pictures:
        started = time.perf_counter()
        found = find_face(image, detector)
        points = None
        if found is not None:
            points = five_points(found.landmarks) if found.five_points is None else found.five_points
        seconds += time.perf_counter() - started
        turns = found.turns if found else 0
        eyes.append(None if points is None else turned_back(points[:2], turns, *image.shape[:2]))
    unit = 1 if sys.platform == "darwin" else 1024
    return eyes, seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def _result(
    detector: str,
    pictures: Pictures,
    eyes: Sequence[np.ndarray | None],
    consensus: Sequence[np.ndarray | None],
    speed: float,
    memory: int,
) -> Result:
    found = [(one, right) for one, right in zip(eyes, consensus, strict=True) if one is not None]
    wrong = sum(right is None or is_wrong(one, right) for one, right in found)
    return Result(pictures.name, detector, len(eyes), len(found) / len(eyes), wrong / max(1, len(found)), speed, memory)


def _table(results: Sequence[Result], title: str) -> Table:
    table = Table(title=title, title_justify="left", box=box.SIMPLE, show_edge=False, pad_edge=False)
    for column in ("photographs", "detector"):
        table.add_column(column, no_wrap=True)
    for column in ("number", "found %", "wrong %", "a second", "MB"):
        table.add_column(column, justify="right", no_wrap=True)
    for result in results:
        table.add_row(
            result.pictures,
            result.detector,
            f"{result.photographs:,}",
            f"{100 * result.found:.1f}",
            f"{100 * result.wrong:.1f}",
            f"{result.photographs_per_second:.1f}",
            f"{result.memory / 1e6:.0f}",
        )
    return table
