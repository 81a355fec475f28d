"""Benchmark of the gallery on the CPU: naming a face stage by stage, enrolling, opening, memory, beside others."""

from __future__ import annotations

import argparse
import os
import platform
import resource
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from rich import box
from rich.console import Console
from rich.table import Table

from fdemd.bench.archive import Photo, photographs_in
from fdemd.bench.gallery_making import HEIGHT, WIDTH, Enrolled, enrol, fill, to_identify
from fdemd.bench.gallery_rivals import DEEPFACE, Times, face_recognition, numpy_search
from fdemd.bench.own_process import own_process
from fdemd.data.sources import orl_manifest
from fdemd.errors import InputError
from fdemd.faces.alignment import align
from fdemd.faces.landmarks import find_faces
from fdemd.faces.reading import read_image
from fdemd.gallery.gallery import Gallery
from fdemd.gallery.pin import Pin
from fdemd.gallery.stages import BATCH, observed_by
from fdemd.runs.files import write_json

FACES = 13_233
"""Photographs of LFW."""
_ORDER = (
    "decoding", "detection", "alignment, a part of it", "network", "search", "second stage", "other", "whole",
)  # fmt: skip
"""Stages as they are told."""
_ALIGNED = 20
"""Photographs on which alignment is measured alone."""
_TOLD = 3
"""Photographs that are identified before any is counted: the first ones load networks and measure thresholds."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of this benchmark to a command line."""
    parser.add_argument(
        "--lfw", metavar="ARCHIVE", type=Path, help="tar of LFW to enrol (default: AT&T, made-up faces)"
    )
    parser.add_argument("--faces", type=int, default=FACES, help=f"faces in the gallery (default: {FACES})")
    parser.add_argument("--photographs", type=int, default=200, help="photographs to identify (default: 200)")
    parser.add_argument(
        "--gallery", metavar="FILE", type=Path, help="keep the gallery there; one that is there is used"
    )
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1, help="default: one a core")
    parser.add_argument("--json", metavar="FILE", type=Path, help="write the figures there as well")


def run(arguments: argparse.Namespace) -> None:
    """Measure, print tables and, if asked to, write the figures.

    Raises:
        InputError: A number is not above 0, or a file cannot be used.
    """
    for option in ("faces", "photographs", "threads"):
        if getattr(arguments, option) <= 0:
            raise InputError(f"--{option} is {getattr(arguments, option)}; it must be above 0.")
    if arguments.json and not arguments.json.absolute().parent.is_dir():
        raise InputError(f"The folder of --json {arguments.json} does not exist; make it first.")
    torch.set_num_threads(arguments.threads)
    cv2.setNumThreads(arguments.threads)
    orl = orl_manifest()
    rows = photographs_in(arguments.lfw) if arguments.lfw else [Photo(orl.file(p), p.path) for p in orl.photographs]
    with tempfile.TemporaryDirectory() as temporary:
        where = str(arguments.gallery or Path(temporary) / "people.db")
        facts = measure(where, rows[: arguments.faces], arguments.faces, arguments.photographs, arguments.threads)
    facts |= {"data": "LFW" if arguments.lfw else "AT&T, and made-up faces", "load before": _LOAD}
    console = Console()
    console.print(_stages_table(facts))
    console.print(_others_table(facts))
    for reason in facts["left out"]:
        console.print(f"{reason}.")
    if arguments.json:
        write_json(arguments.json, facts)


_LOAD = list(os.getloadavg()) if hasattr(os, "getloadavg") else []
"""Processes that wanted a core as this one began, over 1, 5 and 15 minutes: of a busy machine nothing can be said."""


def measure(where: str, rows: Sequence[Photo], faces: int, photographs: int, threads: int) -> dict[str, Any]:
    """Measure a gallery.

    Args:
        where: Its file; it is made unless it is there.
        rows: Photographs to enrol.
        faces: Faces that it gets, the rest of them made up.
        photographs: Photographs that are identified.
        threads: Threads of PyTorch.

    Returns:
        The figures as plain values; times in milliseconds.
    """
    with Gallery.open(where) as gallery:
        enrolled = enrol(gallery, rows)
    fill(where, faces)
    asked = [rows[place] for place in np.linspace(0, len(rows) - 1, photographs).round().astype(int)]
    contents = list(to_identify(asked))
    with Gallery.open(where) as gallery:
        identified = _identify(gallery, contents)
        identified["alignment, a part of it"] = _alignment(gallery.pin, contents[:_ALIGNED])
        searched = gallery._index.current()
        embeddings = searched.embeddings.numpy()
        found: dict[str, Times | str] = {
            "numpy search alone": numpy_search(embeddings, embeddings[:photographs]),
            "face_recognition": face_recognition(contents, faces),
            "deepface": DEEPFACE,
        }
    whole = _opened(where, threads)
    index = sum(part.nbytes for part in (searched.embeddings, searched.photographs, searched.people))
    return {
        "faces": faces,
        "people": searched.size,
        "photographs identified": len(identified["whole"]),
        "pixels": f"{WIDTH}x{HEIGHT}",
        "milliseconds": {name: _milliseconds(identified[name]) for name in _ORDER if name in identified},
        "others": {name: _milliseconds(times) for name, times in found.items() if not isinstance(times, str)},
        "left out": [reason for reason in found.values() if isinstance(reason, str)],
        "enrolled a second": _speed(enrolled),
        "seconds to open": round(whole[0], 3),
        "bytes of the file": Path(where).stat().st_size,
        "bytes of memory at most": whole[1],
        "bytes of the index of 1,000 faces": round(1000 * index / faces),
        "threads": threads,
        "processor": platform.processor() or platform.machine(),
        "torch": torch.__version__,
    }


def _identify(gallery: Gallery, contents: Sequence[bytes]) -> dict[str, Times]:
    """Identify photographs; those that show another number of faces than one are not counted."""
    stages: dict[str, list[float]] = {}
    for place, content in enumerate([*contents[:_TOLD], *contents]):
        seconds: dict[str, float] = {}
        started = time.perf_counter()
        with observed_by(seconds.__setitem__):
            answers = gallery.identify(content)
        whole = time.perf_counter() - started
        seconds.pop(BATCH, None)
        if place < _TOLD or len(answers) != 1:
            continue
        for name, value in {**seconds, "other": whole - sum(seconds.values()), "whole": whole}.items():
            stages.setdefault(name, []).append(value)
    if not stages:
        raise InputError("None of the photographs shows exactly one face; give others.")
    return dict(stages)


def _alignment(pin: Pin, contents: Sequence[bytes]) -> Times:
    """Time the alignment alone, which is a part of the detection above."""
    faces = [
        (image, found) for image in map(read_image, map(BytesIO, contents)) for found in find_faces(image, pin.detector)
    ]
    seconds = []
    for image, found in faces:
        started = time.perf_counter()
        align(image, found, pin.alignment, pin.face_size)
        seconds.append(time.perf_counter() - started)
    return seconds


def _opened(where: str, threads: int) -> tuple[float, int]:
    """Open a gallery in a process of its own: seconds, and the memory of the process in bytes."""
    with own_process() as process:
        return process.submit(_open, where, threads).result()


def _open(where: str, threads: int) -> tuple[float, int]:
    torch.set_num_threads(threads)
    started = time.perf_counter()
    with Gallery.open(where):
        seconds = time.perf_counter() - started
        unit = 1 if sys.platform == "darwin" else 1024
        return seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def _speed(enrolled: Enrolled) -> float | None:
    return round(enrolled.photographs / enrolled.seconds, 1) if enrolled.photographs else None


def _milliseconds(times: Times) -> dict[str, float]:
    return {name: round(1000 * float(np.percentile(times, share)), 2) for name, share in (("p50", 50), ("p95", 95))}


def _stages_table(facts: Mapping[str, Any]) -> Table:
    title = f"A photograph of {facts['pixels']} pixels in {facts['faces']:,} faces of {facts['people']:,} people, ms"
    return _table(title, ("stage", "p50", "p95"), facts["milliseconds"])


def _others_table(facts: Mapping[str, Any]) -> Table:
    speed = facts["enrolled a second"]
    table = _table("Beside other packages, ms; and the gallery as a whole", ("", "p50", "p95"), facts["others"])
    for name, value in (
        ("enrolled a second", "known already" if speed is None else f"{speed:.1f}"),
        ("seconds to open", f"{facts['seconds to open']:.2f}"),
        ("MB of the file", f"{facts['bytes of the file'] / 1e6:.0f}"),
        ("MB of memory at most", f"{facts['bytes of memory at most'] / 1e6:.0f}"),
        ("MB of its index of 1,000 faces", f"{facts['bytes of the index of 1,000 faces'] / 1e6:.2f}"),
    ):
        table.add_row(name, value)
    return table


def _table(title: str, columns: Sequence[str], times: Mapping[str, Mapping[str, float]]) -> Table:
    table = Table(title=title, title_justify="left", box=box.SIMPLE, show_edge=False, pad_edge=False)
    for place, column in enumerate(columns):
        table.add_column(column, no_wrap=True, justify="right" if place else "left")
    for name, each in times.items():
        table.add_row(name, *(f"{value:.1f}" for value in each.values()))
    return table
