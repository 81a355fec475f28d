"""Images a second of a training step, beside a bare PyTorch loop, and of the data loader with masks on the fly."""

from __future__ import annotations

import argparse
import os
import platform
from dataclasses import asdict
from pathlib import Path

import torch
from rich import box
from rich.console import Console
from rich.table import Table

from fdemd.bench.loading import LoadingSpeed, align_training_data, measure_loading
from fdemd.bench.step import StepSpeed, measure_step
from fdemd.cli.command_line import CONFIG_DIR, plan
from fdemd.errors import InputError
from fdemd.runs.files import write_json
from fdemd.settings.jobs import Train

_CASIA = 10_575
SETTINGS = ("validation.people=0", "trainer.max_steps=-1", "trainer.max_epochs=1", "logger=csv")
"""The data say when a measurement ends, all of them are to train on, and no figure leaves the machine."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of this benchmark to a command line."""
    parser.add_argument(
        "settings",
        metavar="KEY=VALUE",
        nargs="*",
        help="as for train.py, comma lists too: model=arcface model.checkpoint=random data.batch_size=32 trainer=cpu",
    )
    parser.add_argument("--people", type=int, default=_CASIA, help=f"to tell apart (default: {_CASIA}, CASIA-WebFace)")
    parser.add_argument("--seconds", type=float, default=20, help="for each measurement (default: 20)")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1, help="default: one a core")
    parser.add_argument(
        "--workers", type=int, nargs="*", default=[0, 1, 2], help="of the data loader (default: 0 1 2); none: skip it"
    )
    parser.add_argument("--json", metavar="FILE", type=Path, help="write the figures there as well")


def run(arguments: argparse.Namespace) -> None:
    """Measure, print two tables and, if asked to, write the figures.

    Raises:
        InputError: a setting or an option cannot be used, or there is no folder to write to.
    """
    for option in ("people", "seconds", "threads"):
        if getattr(arguments, option) <= 0:
            raise InputError(f"--{option} is {getattr(arguments, option)}; it must be above 0.")
    if any(workers < 0 for workers in arguments.workers):
        raise InputError("--workers must be 0 (no extra process) or more.")
    if arguments.json and not arguments.json.absolute().parent.is_dir():
        raise InputError(f"The folder of --json {arguments.json} does not exist; make it first.")
    torch.set_num_threads(arguments.threads)
    console, steps, loading = Console(), [], []
    for point in plan("train", [*SETTINGS, *arguments.settings], CONFIG_DIR):
        with console.status(f"Measuring {point.label or 'training'}"):
            settings: Train = point.settings
            data = align_training_data(settings)
            steps.append(measure_step(settings, data, people=arguments.people, seconds=arguments.seconds))
            loading += measure_loading(settings, data, arguments.workers, seconds=arguments.seconds)
    console.print(_step_table(steps, f"Training, {arguments.threads} threads, {arguments.people} people"))
    if loading:
        console.print(_loading_table(loading, "Data loader alone"))
    if arguments.json:
        machine = {"processor": platform.processor() or platform.machine(), "torch": torch.__version__}
        conditions = {name: getattr(arguments, name) for name in ("settings", "threads", "seconds")}
        results = {"steps": [asdict(each) for each in steps], "loading": [asdict(each) for each in loading]}
        write_json(arguments.json, machine | conditions | results)


def _step_table(speeds: list[StepSpeed], title: str) -> Table:
    table = _table(title, ("model", "device", "precision"), ("batch", "img/s", "bare loop", "ratio"))
    for speed in speeds:
        figures = f"{speed.images_per_second:.1f}", f"{speed.bare_images_per_second:.1f}", f"{speed.ratio:.2f}"
        table.add_row(speed.model, speed.device, speed.precision, str(speed.batch), *figures)
    return table


def _loading_table(speeds: list[LoadingSpeed], title: str) -> Table:
    table = _table(title, ("faces",), ("masked", "workers", "img/s"))
    for speed in speeds:
        table.add_row(speed.faces, f"{speed.mask_share:.0%}", str(speed.workers), f"{speed.images_per_second:.0f}")
    return table


def _table(title: str, words: tuple[str, ...], numbers: tuple[str, ...]) -> Table:
    table = Table(title=title, title_justify="left", box=box.SIMPLE, show_edge=False, pad_edge=False)
    for column in words:
        table.add_column(column, no_wrap=True)
    for column in numbers:
        table.add_column(column, justify="right", no_wrap=True)
    return table
