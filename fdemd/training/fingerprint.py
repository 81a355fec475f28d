"""The fingerprint of a run: settings, people, photographs and weights, which its checkpoints carry.

A run only goes on, and a finished training only stands for another, if all of them are the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fdemd.backbones import Backbone
from fdemd.cli.configs import flatten
from fdemd.data.manifest import rows_digest
from fdemd.data.training import TrainingDataModule
from fdemd.errors import InputError
from fdemd.files.text import to_printable
from fdemd.settings.jobs import Train

_FREE_SECTIONS = ("logger", "rerank")
_FREE = (
    "job",
    "resume",
    "output",
    "data.cache",
    "data.num_workers",
    "trainer.accelerator",
    "trainer.devices",
    "trainer.max_epochs",
    "trainer.max_steps",
    "trainer.num_nodes",
    "trainer.save_every",
    "trainer.strategy",
)
"""Where a run works, how long, and what it shows of itself; all other settings decide the weights."""
_PARTS: dict[str, type] = {
    "settings": dict,
    "people": list,
    "held out": list,
    "weights": str,
    "device": str,
    "rows": str,
    "rows held out": str,
    "photographs": str,
    "photographs held out": str,
    "remembered": int,
}
"""Parts of a fingerprint, by the names that checkpoints have always given them. "Held out" are the people kept for
validation, ``remembered`` is the number of parameters that the optimizer has a state for."""
_SHOWN = 3
"""Names that one error lists."""


def run_fingerprint(settings: Train, data: TrainingDataModule, backbone: Backbone) -> dict[str, Any]:
    """Compute the part of the fingerprint that is known before photographs are read.

    Args:
        settings: Settings of the run.
        data: Faces to train on and to validate with; not yet set up.
        backbone: The network, as it starts.

    Returns:
        Plain values; the module of the training adds the digests of the photographs.
    """
    validation = data.validation.manifest.photographs if data.validation else ()
    return {
        "settings": decisive_settings(settings),
        "people": list(data.people),
        "held out": sorted({photograph.identity for photograph in validation}),
        "weights": backbone.weights_sha256,
        "rows": rows_digest(data.manifest.photographs),
        "rows held out": rows_digest(validation) if data.validation else "",
    }


def decisive_settings(settings: Train) -> dict[str, Any]:
    """Choose the settings that decide the weights: all but the length of the run, the device, and what is shown.

    Args:
        settings: Settings of the run.

    Returns:
        Dotted key -> plain value.
    """
    chosen = {key: value for key, value in settings.plain().items() if key not in _FREE_SECTIONS}
    # A single process has all of a batch anyway.
    chosen["trainer"] = {"sync_batchnorm": True, **settings.trainer.plain()}
    return {key: value for key, value in flatten(chosen) if not isinstance(value, dict) and key not in _FREE}


def changed_settings(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Return the dotted keys whose values differ, or that only one side has."""
    return [key for key in {**before, **now} if before.get(key) != now.get(key)]


def check_same_run(before: Mapping[str, Any], now: Mapping[str, Any], folder: object) -> None:
    """Check that a run goes on with the people, photographs and weights it was started with.

    Args:
        before: Fingerprint that its state carries.
        now: Those parts of the fingerprint that are known already.
        folder: Folder of the run.

    Raises:
        InputError: one differs; the sentence says which and how.
    """
    people = {"people": "trained on", "held out": "kept for validation"}
    for fact, what in people.items():
        if fact in now and list(before[fact]) != list(now[fact]):
            raise InputError(
                f"The run in {folder} was started with other people {what}: {_difference(before[fact], now[fact])}; "
                "give the same data, or start a new run without resume."
            )
    files = {
        "rows": "photographs to train on, or with other people, sources or splits of them",
        "rows held out": "photographs to validate with, or with other people, sources or splits of them",
        "photographs": "photographs to train on",
        "photographs held out": "photographs to validate with",
        "weights": "weights to start from",
    }
    for fact, what in files.items():
        if fact in now and before[fact] != now[fact]:
            raise InputError(
                f"The run in {folder} was started with other {what} (sha256 {before[fact][:12] or 'of none'}, now "
                f"{now[fact][:12] or 'of none'}); put the files back as they were, or start a new run without resume."
            )


def check_fingerprint(run: Any, path: Path) -> dict[str, Any]:
    """Check that what a state carries is a fingerprint: every part there, of its type, and plain.

    Args:
        run: What the state carries.
        path: File of the state, named in errors.

    Returns:
        The fingerprint.

    Raises:
        InputError: one is missing or of another type.
    """
    fits = isinstance(run, dict) and run.keys() == _PARTS.keys()
    fits = fits and all(isinstance(run[fact], kind) for fact, kind in _PARTS.items())
    if fits:
        lists = [run["people"], run["held out"]]
        fits = all(isinstance(name, str) for each in lists for name in each)
        fits = fits and all(isinstance(key, str) and _is_plain(value) for key, value in run["settings"].items())
    if not fits:
        raise InputError(f"{path} does not say of which run it is; another program wrote it. Start a new run.")
    return run


def _is_plain(value: object, depth: int = 2) -> bool:
    if isinstance(value, list):
        return depth > 0 and len(value) < 1000 and all(_is_plain(each, depth - 1) for each in value)
    if isinstance(value, int):
        return abs(value) < 2**63
    return value is None or isinstance(value, str | float)


def _difference(before: Sequence[str], now: Sequence[str]) -> str:
    there, were = set(now), set(before)
    gone, new = [name for name in before if name not in there], [name for name in now if name not in were]
    parts = [f"{_some(names)} {what}" for names, what in ((gone, "no longer"), (new, "now")) if names]
    return f"{len(before)} then and {len(now)} now ({'; '.join(parts) or 'in another order'})"


def _some(names: Sequence[str]) -> str:
    more = len(names) - _SHOWN
    return to_printable(", ".join(names[:_SHOWN])) + (f" and {more} more" if more > 0 else "")
