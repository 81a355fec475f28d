"""Going on with a run that was broken off: only with the settings, people and photographs it was started with."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import yaml

from fdemd.checkpointing import RUN, read_state
from fdemd.cli_help import show
from fdemd.errors import InputError
from fdemd.files.given import check_folder
from fdemd.files.whole import cannot_write
from fdemd.keeping import CHECKPOINTS, LAST
from fdemd.same_run import changed_settings, checked_facts, decisive_settings

SETTINGS = "config.yaml"
"""The settings a run was started with; those it went on with stand beside them."""
_LOCK = ".lock"


def state_to_resume(config: Mapping[str, Any]) -> tuple[Path, dict[str, Any]]:
    """The file and the state to go on from: the last one of the folder ``config["resume"]``.

    Raises:
        InputError: there is none, it is damaged, or a setting has changed since.
    """
    folder = check_folder(Path(str(config["resume"])), "The folder", "give the folder of a run with resume=FOLDER")
    path = folder / CHECKPOINTS / f"{LAST}.ckpt"
    state = read_state(path)
    run = checked_facts(state[RUN], path)
    before, now = run["settings"], decisive_settings(config)
    if changed := changed_settings(before, now):
        was = ", ".join(f"{key}={show(before.get(key))} (now {show(now.get(key))})" for key in changed[:3])
        raise InputError(
            f"The run in {config['resume']} was started with other settings: {was}; give the same ones, or start a new "
            "run without resume."
        )
    return path, state


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep other runs out of a folder until this one has ended, however it does.

    Raises:
        InputError: one is at work there, or the folder cannot be written.
    """
    path = folder / _LOCK
    with _open_and_lock(path) as file:
        try:
            yield
        finally:
            if _is_at(path, file):
                path.unlink()


def _open_and_lock(path: Path) -> BinaryIO:
    while True:
        try:
            file = path.open("ab")
        except OSError as error:
            raise cannot_write(path, error) from error
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            raise InputError(
                f"Another run is at work in {path.parent}; wait until it has ended, or stop it first."
            ) from None
        except OSError as error:  # a network's disk that has no locks
            print(
                f"{path.parent} cannot be locked ({error.strerror}): mind that no second run works there.", flush=True
            )
            return file
        if _is_at(path, file):
            return file
        file.close()  # who held it removed it just then


def _is_at(path: Path, file: BinaryIO) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(file.fileno()))
    except FileNotFoundError:
        return False


def settings_file(step: object) -> str:
    """Name of the file of the settings that a run went on with at a step."""
    return f"resumed_at_step_{step}.yaml"


def settings_of(folder: Path) -> dict[str, Any]:
    """The settings that a run ended with: those of the last time it was gone on with.

    Raises:
        InputError: they cannot be read.
    """
    later = sorted(folder.glob(settings_file("*")), key=lambda path: path.stat().st_mtime_ns)
    path = later[-1] if later else folder / SETTINGS
    try:
        settings = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise InputError(f"The settings in {path} cannot be read.") from error
    if not isinstance(settings, dict):
        raise InputError(f"{path} holds no settings.")
    return settings
