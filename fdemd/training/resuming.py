"""Going on with a run that was broken off: only with the settings, people and photographs it was started with."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from fdemd.checkpoints.training_state import RUN, read_state
from fdemd.errors import InputError
from fdemd.files.user_paths import check_folder
from fdemd.runs.files import SETTINGS, settings_file
from fdemd.settings.checking import show
from fdemd.training.keeping import CHECKPOINTS, LAST
from fdemd.training.same_run import changed_settings, checked_facts, decisive_settings


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
