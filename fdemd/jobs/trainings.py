"""The trainings of a comparison, read from its settings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from fdemd.cli.command_line import CONFIG_DIR, plan
from fdemd.errors import InputError
from fdemd.scoring.trial import PRETRAINED

_ALLOWED = ("loss", "optimizer", "augment", "batches", "trainer", "data")
_OF_DATA = ("data.mask_share", "data.batch_size")


@dataclass(frozen=True)
class Training:
    """One way to train.

    Attributes:
        name: of its folder and in tables.
        words: of the command line of ``train.py``.
        has_scales: whether it trains a scale head.
        changes_network: False if that head is all it trains.
    """

    name: str
    words: tuple[str, ...]
    has_scales: bool
    changes_network: bool


def read_trainings(entries: Sequence[Mapping[str, Any]]) -> list[Training]:
    """Check every entry, so that a mistake in the last is told before the first training starts.

    Args:
        entries: such as ``{name: plain, settings: ["loss=arcface"]}``.

    Raises:
        InputError: an entry of another form, a name that is no name or occurs twice, or words that ``train.py`` does
            not take.
    """
    found: dict[str, Training] = {}
    for entry in entries:
        form = isinstance(entry, Mapping) and set(entry) == {"name", "settings"}
        if not form or not isinstance(entry["settings"], list):
            raise InputError(
                f"trials.trainings has the entry {entry}; it must be such as "
                '{name: plain, settings: ["loss=arcface"]}.'
            )
        name = str(entry["name"])
        if not name.replace("_", "").replace("-", "").isalnum() or name == PRETRAINED or name in found:
            raise InputError(
                f"trials.trainings has the name {name!r}; a name is of letters, digits, - and _, occurs once, and is "
                f"not {PRETRAINED}."
            )
        words = tuple(map(str, entry["settings"]))
        for word in words:
            _check_word(name, word)
        with named(name):
            points = plan("train", list(words), CONFIG_DIR)
        if len(points) > 1:
            raise InputError(f"The training {name} of trials.trainings is a sweep; give each value a training.")
        scale_head = points[0].settings.plain()["loss"].get("scale_head")
        found[name] = Training(name, words, scale_head is not None, scale_head is None or not scale_head["frozen"])
    return list(found.values())


@contextmanager
def named(training: str) -> Iterator[None]:
    """Let a mistake say which training it is of."""
    try:
        yield
    except InputError as error:
        raise InputError(f"The training {training} of trials.trainings: {error}") from error


def _check_word(name: str, word: str) -> None:
    """Raise InputError for a setting that is the comparison's: people, network, seed, place."""
    key = word.split("=")[0]
    group = key.split(".")[0]
    if group not in _ALLOWED or (group == "data" and key not in _OF_DATA) or key == "trainer":
        raise InputError(
            f"The training {name} of trials.trainings says {word}; it can say loss, optimizer, augment, batches, "
            f"trainer.* (each with its group's name), {' and '.join(_OF_DATA)}; all else is the same for each training."
        )
