"""The trainings of a comparison, planned from its settings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from fdemd.cli.command_line import CONFIG_DIR, plan
from fdemd.errors import InputError
from fdemd.scoring.trial import PRETRAINED
from fdemd.settings.comparing import Training
from fdemd.settings.jobs import Train
from fdemd.settings.training import ScaleHead, SoftmaxLoss

_ALLOWED = ("loss", "optimizer", "augment", "batches", "trainer", "data")
_OF_DATA = ("data.mask_share", "data.batch_size")


@dataclass(frozen=True)
class PlannedTraining:
    """A training of the comparison.

    Attributes:
        name: Name of its folder and in tables.
        words: Words of the command line of ``train.py``.
        has_scale_head: Whether it trains a scale head.
        trains_backbone: Whether it trains the network, and not its scale head alone.
    """

    name: str
    words: tuple[str, ...]
    has_scale_head: bool
    trains_backbone: bool


def plan_trainings(sections: Sequence[Training]) -> list[PlannedTraining]:
    """Compose every training, so that a mistake in the last is told before the first one starts.

    Args:
        sections: Entries of ``trials.trainings``.

    Raises:
        InputError: a name that occurs twice or is taken, or words that ``train.py`` or the comparison does not take.
    """
    planned: dict[str, PlannedTraining] = {}
    for section in sections:
        name = section.name
        if name == PRETRAINED or name in planned:
            raise InputError(f"trials.trainings has the name {name!r}; a name occurs once, and is not {PRETRAINED}.")
        for word in section.settings:
            check_training_word(f"The training {name} of trials.trainings", word)
        with naming_training(name):
            points = plan("train", section.settings, CONFIG_DIR)
        if len(points) > 1:
            raise InputError(f"The training {name} of trials.trainings is a sweep; give each value a training.")
        scale_head = _scale_head(points[0].settings)
        planned[name] = PlannedTraining(
            name,
            tuple(section.settings),
            has_scale_head=scale_head is not None,
            trains_backbone=scale_head is None or not scale_head.frozen,
        )
    return list(planned.values())


def _scale_head(settings: Train) -> ScaleHead | None:
    return None if isinstance(settings.loss, SoftmaxLoss) else settings.loss.scale_head


@contextmanager
def naming_training(training: str) -> Iterator[None]:
    """Let the sentence of a mistake begin with the training that it is in."""
    try:
        yield
    except InputError as error:
        raise InputError(f"The training {training} of trials.trainings: {error}") from error


def check_training_word(training: str, word: str) -> None:
    """Check that a word of the command line is the training's to say: people, network, seed and folder are not.

    Args:
        training: Name of the training, with which the error begins.
        word: Such as ``loss=arcface``.

    Raises:
        InputError: It is the comparison's.
    """
    key = word.split("=")[0]
    group = key.split(".")[0]
    if group not in _ALLOWED or (group == "data" and key not in _OF_DATA) or key == "trainer":
        raise InputError(
            f"{training} says {word}; it can say loss, optimizer, augment, batches, "
            f"trainer.* (each with its group's name), {' and '.join(_OF_DATA)}; all else is the same for each training."
        )
