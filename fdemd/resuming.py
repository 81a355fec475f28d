"""Going on with a run that was broken off: only with the settings it was started with."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fdemd.checkpointing import RUN, read_checkpoint
from fdemd.cli_help import flatten, show
from fdemd.errors import InputError
from fdemd.finetune_trainer import CHECKPOINTS, LAST

_DECISIVE = ("model", "data", "loss", "optimizer", "augment", "batches", "query", "validation", "seed")
_FREE = ("data.cache", "data.num_workers")
"""Settings of these sections that change nothing about the result."""


def decisive_settings(config: Mapping[str, Any]) -> dict[str, Any]:
    """Dotted key -> value of all that decides the weights, but for the length of the run."""
    chosen = {section: config[section] for section in _DECISIVE}
    return {key: value for key, value in flatten(chosen) if not isinstance(value, dict) and key not in _FREE}


def changed_settings(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Dotted keys whose values differ, or that only one side has."""
    return [key for key in {**before, **now} if before.get(key) != now.get(key)]


def state_to_resume(config: Mapping[str, Any]) -> Path:
    """The checkpoint to go on from: the last one of the folder ``config["resume"]``.

    Raises:
        InputError: there is none, it is damaged, or a setting has changed since.
    """
    path = Path(str(config["resume"])) / CHECKPOINTS / f"{LAST}.ckpt"
    before, now = read_checkpoint(path)[RUN]["settings"], decisive_settings(config)
    if changed := changed_settings(before, now):
        was = ", ".join(f"{key}={show(before.get(key))} (now {show(now.get(key))})" for key in changed[:3])
        raise InputError(
            f"The run in {config['resume']} was started with other settings: {was}; give the same ones, or start a new "
            "run without resume."
        )
    return path
