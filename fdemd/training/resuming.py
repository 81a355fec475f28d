"""Resuming a run that was broken off: only with the settings, people and photographs it was started with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from fdemd.checkpoints.training_state import RUN, read_state
from fdemd.errors import InputError
from fdemd.files.user_paths import check_folder, expand_home
from fdemd.runs.files import SETTINGS, settings_file
from fdemd.settings.checking import show
from fdemd.settings.jobs import Train
from fdemd.training.checkpointing import CHECKPOINTS, LAST
from fdemd.training.fingerprint import changed_settings, check_fingerprint, decisive_settings


def state_to_resume(settings: Train) -> tuple[Path, dict[str, Any]]:
    """Read the last state of the run in the folder ``resume``.

    Args:
        settings: Settings of the run that goes on; ``resume`` is set.

    Returns:
        The file and the state.

    Raises:
        InputError: there is none, it is damaged, or a setting has changed since.
    """
    resumed = str(settings.resume)
    path = check_folder(expand_home(resumed), "The folder", "give the folder of a run with resume=FOLDER")
    path = path / CHECKPOINTS / f"{LAST}.ckpt"
    state = read_state(path)
    before, now = check_fingerprint(state[RUN], path)["settings"], decisive_settings(settings)
    if changed := changed_settings(before, now):
        was = ", ".join(f"{key}={show(before.get(key))} (now {show(now.get(key))})" for key in changed[:3])
        raise InputError(
            f"The run in {resumed} was started with other settings: {was}; give the same ones, or start a new "
            "run without resume."
        )
    return path, state


def last_settings(folder: Path) -> dict[str, Any]:
    """Read the settings that a run ended with: those of the last time it was resumed.

    Args:
        folder: Folder of the run.

    Returns:
        The settings as plain containers, as they were written; they may be those of an earlier version.

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
