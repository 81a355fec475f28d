"""Detectors side by side: the share of faces found, wrong ones, photographs a second and memory.

No photograph comes with the places of its eyes, so that the detectors are measured by each other: the *consensus* of a
photograph is the median, in each coordinate, of the eyes that they find in it as it was taken. A face is *wrong* if its
eyes are further from the consensus, on average, than half the distance between the consensus eyes: on another person's
face, on none, or upside down. Of three detectors one that errs alone is told; where two err in the same way, the third
is counted as wrong. Copies that are occluded or turned are compared with the consensus of their photographs.
"""

from __future__ import annotations

import argparse
import platform
import random
import resource
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import get_args

import cv2
import numpy as np
import torch
from rich import box
from rich.console import Console
from rich.table import Table

from fdemd.bench.archive import Photo, photographs_in
from fdemd.bench.own_process import own_process
from fdemd.data.sources import orl_manifest
from fdemd.errors import InputError, unknown
from fdemd.faces.alignment import AlignedFace, five_points
from fdemd.faces.landmarks import DETECTORS, find_face
from fdemd.faces.queries import QueryMaker
from fdemd.faces.reading import UnreadableImageError, read_image
from fdemd.files.user_paths import check_folder
from fdemd.runs.files import write_json
from fdemd.settings.queries import GlassesStyle, MaskKind, MaskQuery, SunglassQuery
from fdemd.settings.section import Section

ANGLES = tuple(range(0, 181, 15))
"""Degrees anticlockwise by which photographs of LFW are turned."""
_WRONG = 0.5
"""Mean distance from the consensus eyes, in distances between them, from which a face is wrong."""
_DRAWN: dict[str, Section] = {
    "mask": MaskQuery(kinds=list(get_args(MaskKind))),
    "sunglass": SunglassQuery(styles=list(get_args(GlassesStyle))),
}
"""Kinds of query that are drawn on photographs of LFW, with all they have."""


@dataclass(frozen=True)
class Pictures:
    """Pictures that a detector is tried on.

    Attributes:
        name: Name of the set.
        photographs: What they are made from.
        occlusion: What is drawn on each face, a kind of query; None draws nothing.
        degrees: How far each photograph is turned, anticlockwise.
        seed: Seed of what is drawn.
    """

    name: str
    photographs: tuple[Photo, ...]
    occlusion: str | None = None
    degrees: int = 0
    seed: int = 0

    @property
    def plain(self) -> Pictures:
        """The same photographs as they were taken."""
        return Pictures("", self.photographs)

    def __iter__(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Return each picture and the transform ``(2, 3)`` from the photograph to it."""
        for photograph in self.photographs:
            image = photograph.read()
            if self.occlusion and (found := find_face(image, "dlib")) and not found.turns:
                maker = QueryMaker(self.occlusion, image.shape[:2], self.seed, _DRAWN[self.occlusion])
                image = maker(AlignedFace(image, found.landmarks.astype(np.float32)), photograph.name).image
            height, width = image.shape[:2]
            move = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), self.degrees, 1)
            turned = cv2.warpAffine(image, move, (width, height), borderMode=cv2.BORDER_REPLICATE)
            yield (turned if self.degrees else image), move


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
    sets = _sets(arguments)
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
        consensus = _consensus([eyes[detector, pictures.plain] for detector in detectors], pictures)
        results += [
            _result(detector, pictures, eyes[detector, pictures], consensus, *speeds[detector, pictures])
            for detector in detectors
        ]
    return results


def _sets(arguments: argparse.Namespace) -> list[Pictures]:
    chosen = random.Random(arguments.seed)
    manifest = orl_manifest()
    rows = [Photo(manifest.file(row), row.path) for row in manifest.photographs]
    sets = [Pictures("AT&T", _some(chosen, rows, arguments))]
    if arguments.lfw:
        faces = _some(chosen, photographs_in(arguments.lfw), arguments)
        sets += [
            Pictures("LFW", faces),
            *(Pictures(f"LFW, {kind}", faces, occlusion=kind, seed=arguments.seed) for kind in _DRAWN),
            *(Pictures(f"LFW, {degrees} degrees", faces, degrees=degrees) for degrees in ANGLES),
        ]
    if arguments.photographs:
        folder = check_folder(arguments.photographs, "The folder", "give photographs with --photographs")
        files = [Photo(path, path.name) for path in folder.iterdir() if path.is_file() and _is_image(path)]
        if not files:
            raise InputError(f"{folder} holds no photographs; give a folder of them with --photographs.")
        sets.append(Pictures(folder.name, _some(chosen, files, arguments)))
    for name in arguments.only or ():
        if name not in (names := [pictures.name for pictures in sets]):
            raise unknown("set", name, names)
    return [pictures for pictures in sets if not arguments.only or pictures.name in arguments.only]


def _some(chosen: random.Random, photographs: list[Photo], arguments: argparse.Namespace) -> tuple[Photo, ...]:
    return tuple(sorted(chosen.sample(sorted(photographs), min(arguments.sample, len(photographs)))))


def _is_image(path: Path) -> bool:
    try:
        read_image(path)
    except UnreadableImageError:
        return False
    return True


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
        eyes.append(None if points is None else _turned_back(points[:2], turns, *image.shape[:2]))
    unit = 1 if sys.platform == "darwin" else 1024
    return eyes, seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def _turned_back(points: np.ndarray, turns: int, height: int, width: int) -> np.ndarray:
    """Return points of a picture that was rotated by quarter turns anticlockwise in pixels of the picture itself.

    >>> _turned_back(np.array([[1.0, 0.0]]), 1, 20, 30).tolist()  # of a picture of 20x30 pixels, which is 30x20 now
    [[29.0, 1.0]]
    """
    sizes = [(height, width), (width, height)]
    for turn in reversed(range(turns)):
        before = sizes[turn % 2]
        points = np.stack([before[1] - 1 - points[:, 1], points[:, 0]], 1)
    return points


def _consensus(eyes: Sequence[list[np.ndarray | None]], pictures: Pictures) -> list[np.ndarray | None]:
    """Return the consensus eyes ``(2, 2)`` of each picture of a set; None where no detector finds a face.

    Args:
        eyes: What each detector finds in the photographs as they were taken.
        pictures: The set.
    """
    found = [[one for one in ones if one is not None] for ones in zip(*eyes, strict=True)]
    middles = [np.median(ones, axis=0) if ones else None for ones in found]
    if not pictures.degrees:
        return middles
    moves = (move for _, move in pictures)
    return [
        None if middle is None else middle @ move[:, :2].T + move[:, 2]
        for middle, move in zip(middles, moves, strict=True)
    ]


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


def is_wrong(eyes: np.ndarray, consensus: np.ndarray) -> bool:
    """Return whether eyes ``(2, 2)``, left one first, lie elsewhere than those of the consensus.

    >>> is_wrong(np.array([[10, 10], [20, 10]]), np.array([[11, 10], [21, 11]]))
    False
    >>> is_wrong(np.array([[20, 10], [10, 10]]), np.array([[11, 10], [21, 11]]))
    True
    """
    distance = np.linalg.norm(consensus[1] - consensus[0])
    return bool(np.linalg.norm(eyes - consensus, axis=1).mean() > _WRONG * distance)


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
