"""Train on some people, test on others: the steps that every comparison of finetuned networks is made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from fdemd.cli.command_line import CONFIG_DIR, plan
from fdemd.data.manifest import Manifest, as_csv
from fdemd.data.people import split_people
from fdemd.data.sources import build_manifest
from fdemd.errors import InputError
from fdemd.files.writing import write_bytes
from fdemd.jobs.evaluate import evaluate
from fdemd.jobs.finetune import LAST, finetune
from fdemd.report.identification import IdentificationReport
from fdemd.settings.checking import check_settings
from fdemd.settings.jobs import Evaluate, Train

Section = Mapping[str, Any]


class PeopleApart(NamedTuple):
    """The sections ``data`` of the people to train on and of those to test with, and files that show nobody."""

    training: dict[str, Any]
    test: dict[str, Any]
    ignored: tuple[tuple[str, str], ...]
    """Path and reason."""
    counts: dict[str, int]
    """Photographs of the data, and of these those to train on, to test with, and in neither part; these add up."""


def people_apart(config: Section, test_people: int, seed: int, folder: Path, *, setting: str) -> PeopleApart:
    """Divide the people, and list both parts as CSV in the folder, unless an earlier run has listed the same there.

    Args:
        config: whose ``data`` are divided.
        test_people: to draw for the test.
        seed: of the draw.
        folder: exists.
        setting: that says how many are drawn, to be named in errors.

    Raises:
        InputError: the data cannot be divided so, or an earlier run divided them otherwise.
    """
    whole = build_manifest(check_settings(Evaluate, config).data)
    training, test = split_people(whole, test_people, seed, setting=setting)
    if test is None:
        raise InputError(f"{setting} is 0; people must be left for the test.")
    parts = _listed(config, training, folder / "training.csv"), _listed(config, test, folder / "test.csv")
    counts = {"photographs": len(whole), "to train on": len(training), "to test": len(test)}
    counts["in neither part"] = len(whole) - len(training) - len(test)  # occluded copies, rows of the split of a test
    return PeopleApart(*parts, tuple(training.ignored), counts)


def _listed(config: Section, manifest: Manifest, path: Path) -> dict[str, Any]:
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
    kept = {key: config["data"][key] for key in ("detector", "batch_size", "num_workers", "cache")}
    return {"name": "manifest", "manifest": str(path), "root": str(manifest.root), **kept}


def training_config(config: Section, data: Section, words: Sequence[str], seed: int, output: Path) -> dict[str, Any]:
    """The settings of a training on everyone in ``data``.

    Args:
        config: of the evaluation, whose network is trained.
        data: section of the people to train on.
        words: of the command line of ``train.py``.
        seed: of the training.
        output: where its folder goes.

    Raises:
        InputError: a word that ``train.py`` does not take.
    """
    named = [f"model={config['model']['backbone']}", "data=manifest", f"data.manifest='{data['manifest']}'"]
    (point,) = plan("train", [*named, "validation.people=0", *words], CONFIG_DIR)
    settings = dict(point.settings.plain())
    settings["data"] |= dict(data) | _said("data", words, settings)
    settings["trainer"] |= dict(config["trainer"]) | _said("trainer", words, settings)
    settings["model"] = dict(config["model"])
    return settings | {"logger": config["logger"], "seed": seed, "output": str(output)}


def _said(section: str, words: Sequence[str], settings: Section) -> dict[str, Any]:
    """What some words say of a section: it stands above what the evaluation says."""
    prefix = f"{section}."
    names = [word.split("=")[0].removeprefix(prefix) for word in words if word.startswith(prefix)]
    return {name: settings[section][name] for name in names}


def trained(settings: Section) -> Path:
    """Train; the checkpoint of the last step: nothing is selected, least of all on the people of the test.

    Args:
        settings: as :func:`training_config` gives them.

    Raises:
        InputError: as :func:`fdemd.jobs.finetune.finetune`.
    """
    return finetune(check_settings(Train, settings)).checkpoint(LAST)


def evaluated(config: Section, data: Section, checkpoint: str | None, output: Path) -> IdentificationReport:
    """Evaluate the weights of a checkpoint, the original ones for None, on the people of the test.

    Raises:
        InputError: as :func:`fdemd.jobs.evaluate.evaluate`.
    """
    model = dict(config["model"]) | ({"checkpoint": checkpoint} if checkpoint else {})
    changed = {"job": "evaluate", "model": model, "data": dict(data), "output": str(output)}
    return evaluate(check_settings(Evaluate, dict(config) | changed))
