"""What surrounds a training run: its folder, what is said if it is stopped, and the processes that train along."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pytorch_lightning import Trainer

from fdemd.cli.signals import advise_when_stopped
from fdemd.errors import InputError
from fdemd.files.disk import is_full
from fdemd.files.lock import alone_in
from fdemd.files.user_paths import expand_home
from fdemd.files.writing import PART, is_part
from fdemd.report.labels import model_label
from fdemd.runs.files import run_folder
from fdemd.settings.jobs import Train
from fdemd.training.checkpointing import CHECKPOINTS, LAST
from fdemd.training.trainer import process_rank


@contextmanager
def training_folder(settings: Train) -> Iterator[Path]:
    """Open the folder of a run: a new one, or that of the run that is resumed.

    Only the first of several processes makes one, and it alone writes to it.

    Args:
        settings: Settings of the run.

    Raises:
        InputError: the folder cannot be written, or another run is at work in it.
    """
    resumed = expand_home(settings.resume or "")
    if process_rank():
        yield resumed
    elif settings.resume:
        with alone_in(resumed, "stop it first"):
            _remove_unfinished_checkpoints(resumed / CHECKPOINTS)
            yield resumed
    else:
        label = f"train-{model_label(settings.model)}-{settings.data.name}"
        with run_folder(Path(settings.output), label) as folder, alone_in(folder, "stop it first"):
            yield folder


def _remove_unfinished_checkpoints(folder: Path) -> None:
    """Remove what a run left that was killed as it saved; nobody else is at work in its folder."""
    for file in folder.glob(f".*{PART}"):
        if is_part(file.name):
            with suppress(OSError):  # a folder, or not ours
                file.unlink()


@contextmanager
def advise_to_resume(folder: Path) -> Iterator[None]:
    """Say how the run goes on if the program is stopped or the disk is full.

    Args:
        folder: Folder of the run.

    Raises:
        Stopped: by a signal.
        InputError: the disk is full.
    """
    setting, last = f"resume={folder}", folder / CHECKPOINTS / f"{LAST}.ckpt"
    try:
        with advise_when_stopped(lambda: setting if last.exists() else "", is_told=not process_rank()):
            yield
    except OSError as error:
        if is_full(error):
            raise InputError(
                f"The disk is full: the files in {folder} cannot be written; make room, then go on with {setting}."
            ) from error
        raise


@contextmanager
def end_other_processes(trainer: Trainer) -> Iterator[None]:
    """End the processes that this one started to train along with it, if it ends with an error."""
    try:
        yield
    except BaseException:
        if trainer.strategy.launcher is not None:
            trainer.strategy.launcher.kill(signal.SIGTERM)
        raise
