"""What makes a run this run and no other: settings, people, photographs and weights, as its state carries them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fdemd.cli.configs import flatten
from fdemd.errors import InputError
from fdemd.files.text import to_printable

_FREE_SECTIONS = ("logger", "rerank")
_FREE = (
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
_FACTS: dict[str, type] = {
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
_SHOWN = 3
"""Names that one error lists."""


def decisive_settings(config: Mapping[str, Any]) -> dict[str, Any]:
    """Dotted key -> value of all that decides the weights, but for the length of the run and the device."""
    chosen = {key: value for key, value in config.items() if key not in _FREE_SECTIONS}
    chosen["trainer"] = {"sync_batchnorm": True, **config["trainer"]}  # a single process has all of a batch anyway
    return {key: value for key, value in flatten(chosen) if not isinstance(value, dict) and key not in _FREE}


def changed_settings(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Dotted keys whose values differ, or that only one side has."""
    return [key for key in {**before, **now} if before.get(key) != now.get(key)]


def check_same(before: Mapping[str, Any], now: Mapping[str, Any], folder: object) -> None:
    """Check that a run goes on with the people, photographs and weights it was started with.

    Args:
        before: the facts that its state carries.
        now: the same facts, those that are known already.
        folder: of the run.

    Raises:
        InputError: one differs; the sentence says which and how.
    """
    people = {"people": "trained on", "held out": "held out of training"}
    for fact, what in people.items():
        if fact in now and list(before[fact]) != list(now[fact]):
            raise InputError(
                f"The run in {folder} was started with other people {what}: {_difference(before[fact], now[fact])}; "
                "give the same data, or start a new run without resume."
            )
    files = {
        "rows": "photographs to train on, or with other people, sources or splits of them",
        "rows held out": "photographs of the people held out, or with other people, sources or splits of them",
        "photographs": "photographs to train on",
        "photographs held out": "photographs of the people held out",
        "weights": "weights to start from",
    }
    for fact, what in files.items():
        if fact in now and before[fact] != now[fact]:
            raise InputError(
                f"The run in {folder} was started with other {what} (sha256 {before[fact][:12] or 'of none'}, now "
                f"{now[fact][:12] or 'of none'}); put the files back as they were, or start a new run without resume."
            )


def checked_facts(run: Any, path: Path) -> dict[str, Any]:
    """The facts of a run, each of its type, names and values plain.

    Raises:
        InputError: one is missing or of another type.
    """
    fits = isinstance(run, dict) and run.keys() == _FACTS.keys()
    fits = fits and all(isinstance(run[fact], kind) for fact, kind in _FACTS.items())
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
    gone = [name for name in before if name not in set(now)]
    new = [name for name in now if name not in set(before)]
    parts = [f"{_some(names)} {what}" for names, what in ((gone, "no longer"), (new, "now")) if names]
    return f"{len(before)} then and {len(now)} now ({'; '.join(parts) or 'in another order'})"


def _some(names: Sequence[str]) -> str:
    more = len(names) - _SHOWN
    return to_printable(", ".join(names[:_SHOWN])) + (f" and {more} more" if more > 0 else "")
