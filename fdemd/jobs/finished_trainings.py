"""A training that an earlier run finished, with the same settings, photographs and weights, need not be done again."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fdemd.backbones import Backbone
from fdemd.checkpoints.training_state import RUN, read_state
from fdemd.data.training import TrainingDataModule
from fdemd.errors import InputError
from fdemd.settings.checking import show
from fdemd.settings.jobs import Train
from fdemd.training.checkpointing import CHECKPOINTS, LAST
from fdemd.training.fingerprint import changed_settings, check_fingerprint, check_same_run, run_fingerprint
from fdemd.training.resuming import last_settings

_FINISHED = "results.json"
"""The file that a training writes last."""
_LENGTH = ("max_steps", "max_epochs")


def find_finished_training(settings: Train, data: TrainingDataModule, network: Backbone, output: Path) -> Path | None:
    """Find a finished training that gave the weights which a new one would give.

    One with other settings, people, photographs or weights to start from, or whose files are damaged, is passed over;
    a line on the terminal says why.

    Args:
        settings: Settings of the training that is wanted.
        data: Faces that it would train on, without validation; only the files are read.
        network: Network that it would start from.
        output: Folder of the folders of earlier runs.

    Returns:
        The checkpoint of its last step; None if there is no such training.
    """
    for finished in sorted(output.glob(f"*/{_FINISHED}")):
        folder = finished.parent
        checkpoint = folder / CHECKPOINTS / f"{LAST}.ckpt"
        now = run_fingerprint(settings, data, network) | {"photographs": data.digest(), "photographs held out": ""}
        try:
            before = check_fingerprint(read_state(checkpoint)[RUN], checkpoint)
            earlier = before["settings"] | _length(last_settings(folder).get("trainer"))
            wanted = now["settings"] | _length(settings.trainer.plain())
            # Whose photographs a manifest lists is told by its rows, not by its path.
            if changed := [key for key in changed_settings(earlier, wanted) if key != "data.manifest"]:
                key = changed[0]
                raise InputError(f"{key} was {show(earlier.get(key))}, now {show(wanted.get(key))}")
            check_same_run(before, now, folder)
        except InputError as error:
            print(f"{folder} is not taken: {error}", flush=True)
            continue
        print(f"Taken from {folder}", flush=True)
        return checkpoint
    return None


def _length(trainer: Any) -> dict[str, Any]:
    """Return the length of a run, which a resumed one may change, though another length gives other weights.

    Args:
        trainer: Section ``trainer`` as plain containers; what a file holds may be anything else.
    """
    return {f"trainer.{key}": trainer.get(key) for key in _LENGTH} if isinstance(trainer, Mapping) else {}
