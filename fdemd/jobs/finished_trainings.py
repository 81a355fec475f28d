"""A training that an earlier run finished, with the same settings, photographs and weights, need not be done again."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fdemd.backbones import Backbone
from fdemd.checkpoints.training_state import RUN, read_state
from fdemd.data.training import TrainingDataModule
from fdemd.errors import InputError
from fdemd.jobs.finetune import run_facts
from fdemd.settings.checking import show
from fdemd.training.keeping import CHECKPOINTS, LAST
from fdemd.training.resuming import settings_of
from fdemd.training.same_run import changed_settings, check_same, checked_facts

_FINISHED = "results.json"
"""A training writes it last."""
_LENGTH = ("max_steps", "max_epochs")


def finished_training(
    settings: Mapping[str, Any], data: TrainingDataModule, network: Backbone, output: Path
) -> Path | None:
    """The checkpoint of the last step of such a training below ``output``; None if there is none.

    One with other settings, people, photographs or weights to start from, or whose files are damaged, is passed over,
    which is said.

    Args:
        settings: of the training that is wanted.
        data: that it would train on, nobody held out; only the files are read.
        network: that it would start from.
        output: folder of the folders of earlier runs.
    """
    for finished in sorted(output.glob(f"*/{_FINISHED}")):
        folder = finished.parent
        checkpoint = folder / CHECKPOINTS / f"{LAST}.ckpt"
        facts = {**run_facts(settings, data, network), "photographs": data.digest(), "photographs held out": ""}
        try:
            run = checked_facts(read_state(checkpoint)[RUN], checkpoint)
            before, now = run["settings"] | _length(settings_of(folder)), facts["settings"] | _length(settings)
            # Whose photographs a manifest lists is told by its rows, not by its path.
            if changed := [key for key in changed_settings(before, now) if key != "data.manifest"]:
                key = changed[0]
                raise InputError(f"{key} was {show(before.get(key))}, now {show(now.get(key))}")
            check_same(run, facts, folder)
        except InputError as error:
            print(f"{folder} is not taken: {error}", flush=True)
            continue
        print(f"Taken from {folder}", flush=True)
        return checkpoint
    return None


def _length(config: Mapping[str, Any]) -> dict[str, Any]:
    """How long a run is: a resumed one may change it, but another length gives other weights."""
    section = config.get("trainer")
    return {f"trainer.{key}": section.get(key) for key in _LENGTH} if isinstance(section, Mapping) else {}
