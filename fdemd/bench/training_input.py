"""The training input at any size: start-up, images a second, memory over an epoch, resuming in the midst of one."""

from __future__ import annotations

import argparse
import os
import platform
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch
from rich import box
from rich.console import Console
from rich.table import Table

from fdemd.backbones import create_backbone
from fdemd.bench.memory import own_memory
from fdemd.bench.own_process import own_process
from fdemd.bench.training import SETTINGS
from fdemd.bench.training_input_making import make_folders, make_records
from fdemd.cli.command_line import CONFIG_DIR, plan
from fdemd.errors import InputError
from fdemd.runs.files import write_json
from fdemd.training.data import describe_training_data

_IMAGES = 907_000
"""CASIA-WebFace and its masked copies, as in the paper."""
_NETWORK = ("model=timm", "model.name=test_resnet", "model.face_size=[32,32]", "trainer=cpu")
"""Small faces: the array of aligned ones takes 3 KB a face."""
_LOOKS = 20
"""Looks at the memory in an epoch."""
FORMS = ("folders", "records")


@dataclass(frozen=True)
class Loaded:
    """What one start of a training costs before and while it loads.

    Attributes:
        start: What it finds: nothing aligned yet, all aligned, or a state in the midst of an epoch.
        seconds_to_list: Reading the manifest.
        seconds_to_check: Aligning the faces, or checking that these are they.
        seconds_to_first_batch: From there to the first batch.
        images: Number of images that were loaded.
        images_per_second: Mean over these.
        memory: Bytes that all processes take, at equal distances over the epoch.
    """

    start: str
    seconds_to_list: float
    seconds_to_check: float
    seconds_to_first_batch: float
    images: int
    images_per_second: float
    memory: tuple[int | None, ...]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of this benchmark to a command line."""
    parser.add_argument("settings", metavar="KEY=VALUE", nargs="*", help="of the training, such as data.mask_share=0.5")
    parser.add_argument("--images", type=int, default=_IMAGES, help=f"in the training set (default: {_IMAGES})")
    parser.add_argument("--form", choices=FORMS, default=FORMS[0], help="aligned folders, or RecordIO that is prepared")
    parser.add_argument("--workers", type=int, default=2, help="processes that load (default: 2)")
    parser.add_argument("--folder", metavar="DIR", type=Path, help="make the files below it, and leave them there")
    parser.add_argument("--json", metavar="FILE", type=Path, help="write the figures there as well")


def run(arguments: argparse.Namespace) -> None:
    """Measure, print a table and, if asked to, write the figures.

    Raises:
        InputError: An option or a setting cannot be used, or the disk is full.
    """
    if arguments.images < 1000:
        raise InputError(f"--images is {arguments.images}; it must be 1,000 or more, of which batches can be made.")
    if arguments.workers < 0:
        raise InputError("--workers must be 0 (no extra process) or more.")
    if arguments.json and not arguments.json.absolute().parent.is_dir():
        raise InputError(f"The folder of --json {arguments.json} does not exist; make it first.")
    with tempfile.TemporaryDirectory() as temporary:
        facts = measure(
            arguments.folder or Path(temporary), arguments.form, arguments.images, arguments.workers, arguments.settings
        )
    facts |= {"processor": platform.processor() or platform.machine(), "torch": torch.__version__}
    Console().print(_table(facts))
    if arguments.json:
        write_json(arguments.json, facts)


def measure(folder: Path, form: str, images: int, workers: int, settings: Sequence[str]) -> dict[str, Any]:
    """Make a training set, and start to load it three times, each in a process of its own.

    Args:
        folder: What is made goes below it; what an earlier run made there is used.
        form: One of :data:`FORMS`.
        images: Number of images.
        workers: Number of processes that load.
        settings: Further words of the command line.

    Returns:
        The figures as plain values.
    """
    manifest, prepared = _manifest(folder / f"{form}-{images}", form, images, workers)
    words = [
        *SETTINGS,
        *_NETWORK,
        "data=manifest",
        f"data.manifest='{manifest}'",
        f"data.cache='{folder / 'cache'}'",
        "data.mask_share=0",
        f"data.num_workers={workers}",
        *settings,
    ]
    found = []
    for start, done in (("nothing aligned", 0.0), ("all aligned", 0.0), ("resumed in mid-epoch", 0.5)):
        with own_process() as process:
            found.append(process.submit(_load, start, words, done).result())
    return {
        "form": form,
        "images": images,
        "workers": workers,
        "settings": list(settings),
        "seconds to prepare": prepared,
        "starts": [asdict(each) for each in found],
        "load": list(os.getloadavg()) if hasattr(os, "getloadavg") else [],
    }


def _manifest(folder: Path, form: str, images: int, workers: int) -> tuple[Path, float | None]:
    """Make the training set, and return its manifest and how long its records took to prepare."""
    if form == "folders":
        manifest = folder / "manifest.csv"
        return (manifest if manifest.exists() else make_folders(folder, images)), None
    from data_prep.faces import check_preprocessing
    from data_prep.preparation import Request, prepare

    records = folder / "train.rec" if folder.exists() else make_records(folder, images)
    out, started = folder.with_name(f"{folder.name}-faces"), time.perf_counter()
    prepare(Request("casia", (records,), out, check_preprocessing("insightface", (32, 32), "yunet"), max(1, workers)))
    return out / "manifest.csv", round(time.perf_counter() - started, 1)


def _load(start: str, words: Sequence[str], done: float) -> Loaded:
    """Start a training that has done a share of its first epoch, and load what is left of it."""
    started = time.perf_counter()
    (point,) = plan("train", words, CONFIG_DIR)
    data = describe_training_data(point.settings, create_backbone(**point.settings.model.plain()))
    listed = time.perf_counter()
    data.prepare_data()
    data.setup("fit")
    checked = time.perf_counter()
    batches_done = round(done * data.batches_an_epoch)
    data.trainer = _standing(batches_done)
    loader = iter(data.train_dataloader())
    next(loader)
    first = time.perf_counter()
    left, memory = data.batches_an_epoch - batches_done, [own_memory()]
    for number, _ in enumerate(loader, 2):
        if number % max(1, left // _LOOKS) == 0:
            memory.append(own_memory())
    images = left * data.batch_size
    speed = (images - data.batch_size) / (time.perf_counter() - first) if left > 1 else 0.0
    return Loaded(
        start,
        round(listed - started, 2),
        round(checked - listed, 2),
        round(first - checked, 2),
        images,
        round(speed, 1),
        tuple(memory),
    )


def _standing(batches_done: int) -> Any:
    """What the loader asks of Lightning's trainer: where the training stands, and that it is one process."""
    progress = SimpleNamespace(total=SimpleNamespace(ready=batches_done))
    return SimpleNamespace(
        fit_loop=SimpleNamespace(epoch_loop=SimpleNamespace(batch_progress=progress)),
        strategy=SimpleNamespace(root_device=torch.device("cpu")),
        num_devices=1,
        world_size=1,
        global_rank=0,
    )


def _table(facts: dict[str, Any]) -> Table:
    title = f"{facts['images']:,} images as {facts['form']}, {facts['workers']} workers"
    if facts["seconds to prepare"] is not None:
        title += f", prepared in {facts['seconds to prepare']:.0f} s"
    table = Table(title=title, title_justify="left", box=box.SIMPLE, show_edge=False, pad_edge=False)
    table.add_column("start", no_wrap=True)
    for column in ("s to list", "s to align or check", "s to first batch", "img/s", "MB at first", "MB at last"):
        table.add_column(column, justify="right")
    for each in facts["starts"]:
        memory = (
            "-" if bytes_ is None else f"{bytes_ / 1e6:.0f}" for bytes_ in (each["memory"][0], each["memory"][-1])
        )
        seconds = (f"{each[name]:.1f}" for name in ("seconds_to_list", "seconds_to_check", "seconds_to_first_batch"))
        table.add_row(each["start"], *seconds, f"{each['images_per_second']:.0f}", *memory)
    return table
