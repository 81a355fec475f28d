"""The steps that every comparison of finetuned networks is made of: split the people, train on some, test on others."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from fdemd.cli.command_line import CONFIG_DIR, plan
from fdemd.data.manifest import Manifest
from fdemd.data.manifest_file import as_csv
from fdemd.data.people import split_people
from fdemd.data.sources import build_manifest
from fdemd.errors import InputError
from fdemd.files.writing import write_bytes
from fdemd.jobs.evaluate import evaluate
from fdemd.jobs.finetune import LAST, finetune
from fdemd.report.identification import IdentificationReport
from fdemd.settings.checking import changed, check_settings
from fdemd.settings.faces import Data, ManifestData
from fdemd.settings.jobs import SECTIONS, Evaluate, Train
from fdemd.settings.section import Section


class PeopleSplit(NamedTuple):
    """People to train on and other people to test with.

    Attributes:
        training: Section ``data`` of the people to train on.
        test: Section ``data`` of the people to test with.
        ignored: Path and reason of each file that shows nobody.
        counts: Photographs of the data, and of these those to train on, to test with, and in neither part; the latter
            three add up to the first.
    """

    training: ManifestData
    test: ManifestData
    ignored: tuple[tuple[str, str], ...]
    counts: dict[str, int]


def split_people_for_test(
    settings: Evaluate, test_people: int, seed: int, folder: Path, *, setting: str
) -> PeopleSplit:
    """Split the people, and list both parts as CSV in the folder, unless an earlier run has listed the same there.

    Args:
        settings: Settings whose ``data`` are split.
        test_people: Number of people to draw for the test.
        seed: Seed of the draw.
        folder: Existing folder of the two lists.
        setting: Setting that says how many are drawn, named in errors.

    Raises:
        InputError: the data cannot be split so, or an earlier run split them otherwise.
    """
    whole = build_manifest(settings.data)
    training, test = split_people(whole, test_people, seed, setting=setting)
    if test is None:
        raise InputError(f"{setting} is 0; people must be left for the test.")
    counts = {"photographs": len(whole), "to_train_on": len(training), "to_test": len(test)}
    counts["in_neither_part"] = len(whole) - len(training) - len(test)  # occluded copies, rows of the split of a test
    return PeopleSplit(
        _write_part(settings.data, training, folder / "training.csv"),
        _write_part(settings.data, test, folder / "test.csv"),
        tuple(training.ignored),
        counts,
    )


def _write_part(whole: Data, manifest: Manifest, path: Path) -> ManifestData:
    """List a part of the data, and return its section."""
    content = as_csv(manifest)
    try:
        before = path.read_bytes() if path.exists() else content
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}).") from error
    if before != content:
        raise InputError(
            f"{path} lists other photographs than the data and settings now give, so that people trained on then "
            "could be tested now; start a new run."
        )
    write_bytes(path, content)
    return ManifestData(
        name="manifest",
        manifest=str(path),
        root=str(manifest.root),
        detector=whole.detector,
        batch_size=whole.batch_size,
        num_workers=whole.num_workers,
        cache=whole.cache,
    )


def training_settings(settings: Evaluate, data: ManifestData, words: Sequence[str], seed: int, output: Path) -> Train:
    """Make the settings of a training on everyone in ``data``.

    Args:
        settings: Settings of the evaluation, whose network is trained and whose device is used.
        data: Section of the people to train on.
        words: Words of the command line of ``train.py``; they stand above the settings of the evaluation.
        seed: Seed of the training.
        output: Folder that the folder of the run goes to.

    Raises:
        InputError: a word that ``train.py`` does not take.
    """
    named = [f"model={settings.model.backbone}", "data=manifest", f"data.manifest='{data.manifest}'"]
    (point,) = plan("train", [*named, "validation.people=0", *words], CONFIG_DIR)
    train: Train = point.settings
    return changed(
        train,
        model=settings.model,
        data=changed(train.data, **_given(data) | _named_by(words, "data", train.data)),
        trainer=changed(train.trainer, **_given(settings.trainer) | _named_by(words, "trainer", train.trainer)),
        logger=settings.logger,
        seed=seed,
        output=str(output),
    )


def _given(section: Section) -> dict[str, Any]:
    """Return the settings of a section that were given, not left at their defaults."""
    return {name: getattr(section, name) for name in section.model_fields_set}


def _named_by(words: Sequence[str], name: str, section: Section) -> dict[str, Any]:
    """Return the settings of a section that words of the command line name, such as ``data.mask_share=0.5``."""
    prefix = f"{name}."
    keys = [word.split("=")[0].removeprefix(prefix) for word in words if word.startswith(prefix)]
    return {key: getattr(section, key) for key in keys}


def train(settings: Train) -> Path:
    """Train, and return the checkpoint of the last step: nothing is selected, least of all on the people of the test.

    Args:
        settings: Settings as :func:`training_settings` makes them.

    Raises:
        InputError: as :func:`fdemd.jobs.finetune.finetune`.
    """
    return finetune(settings).checkpoint(LAST)


def evaluate_checkpoint(
    settings: Evaluate, data: Data, checkpoint: str | None, output: Path, **changes: Section
) -> IdentificationReport:
    """Evaluate the weights of a checkpoint on some people.

    Args:
        settings: Settings of the evaluation.
        data: Section of the people to test with.
        checkpoint: File of the weights; None for those that the settings name.
        output: Folder that the folder of the run goes to.
        changes: Sections that take the place of those of the settings, such as ``align``.

    Raises:
        InputError: as :func:`fdemd.jobs.evaluate.evaluate`.
    """
    given = {name: value for name, value in _given(settings).items() if name not in SECTIONS.values()}
    model = changed(settings.model, checkpoint=checkpoint) if checkpoint else settings.model
    others = {"job": "evaluate", "model": model, "data": data, "output": str(output), **changes}
    return evaluate(check_settings(Evaluate, given | others))
