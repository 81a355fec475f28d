"""A training that an earlier run finished with the same settings need not be done again."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fdemd.checkpointing import read_state
from fdemd.cli_help import flatten, show
from fdemd.errors import InputError
from fdemd.keeping import CHECKPOINTS, LAST
from fdemd.resuming import settings_of
from fdemd.same_run import changed_settings

_FINISHED = "results.json"
"""A training writes it last."""
_FREE = ("output", "resume", "data.manifest", "data.num_workers", "data.cache")
"""Settings that change nothing about the weights: whose photographs a manifest lists is checked where it is written."""


def finished_training(settings: Mapping[str, Any], output: Path) -> Path | None:
    """The checkpoint of the last step of such a training below ``output``; None if there is none.

    A training with other settings, or whose files are damaged, is passed over, which is said.
    """
    for finished in sorted(output.glob(f"*/{_FINISHED}")):
        folder = finished.parent
        checkpoint = folder / CHECKPOINTS / f"{LAST}.ckpt"
        try:
            before = _decisive(settings_of(folder))
            read_state(checkpoint)
        except InputError as error:
            print(f"{folder} is not taken: {error}", flush=True)
            continue
        now = _decisive(settings)
        if not (changed := changed_settings(before, now)):
            print(f"Taken from {folder}", flush=True)
            return checkpoint
        key = changed[0]
        print(f"{folder} is not taken: {key} was {show(before.get(key))}, now {show(now.get(key))}", flush=True)
    return None


def _decisive(config: Mapping[str, Any]) -> dict[str, Any]:
    values = ((key, value) for key, value in flatten(dict(config)) if not isinstance(value, dict))
    return {key: value for key, value in values if key not in _FREE and not key.startswith("logger.")}
