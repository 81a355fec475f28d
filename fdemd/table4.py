"""Table 4 of the paper: is it better to finetune on masked faces, or to re-rank? Both, from one codebase."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fdemd.cli import CONFIG_DIR, plan
from fdemd.data.manifest import Manifest, write_manifest
from fdemd.data.people import split_people
from fdemd.data.settings import data_settings
from fdemd.data.sources import build_manifest
from fdemd.errors import InputError
from fdemd.evaluation import evaluate
from fdemd.finetune import LAST, finetune
from fdemd.identification import Comparison
from fdemd.report.files import run_folder
from fdemd.report.identification import model_label
from fdemd.report.table4 import Table4

Section = Mapping[str, Any]


def table4(config: Section) -> Table4:
    """Evaluate the pretrained weights and every finetuned ones, and compare; all in one new folder.

    The trained weights are those of the last step: nothing is selected, least of all on the people of the test.

    Raises:
        InputError: as :func:`fdemd.evaluation.evaluate` and :func:`fdemd.finetune.finetune`, or there is nothing to
            compare with.
    """
    wanted = config["table4"]
    if not wanted["finetuned"] and not wanted["seeds"]:
        raise InputError("Table 4 needs finetuned weights; give table4.finetuned=[CHECKPOINT,...] or table4.seeds.")
    label = f"table4-{model_label(config['model'])}-{config['data']['name']}"
    with run_folder(Path(str(config["output"])), label) as folder:
        tested = dict(config["data"])
        checkpoints = [Path(str(path)) for path in wanted["finetuned"]]
        if not checkpoints:
            training, test = _split(config, folder)
            checkpoints = [_finetuned(config, training, seed, folder) for seed in wanted["seeds"]]
            tested = test
        pretrained = _evaluated(config, tested, config["model"]["checkpoint"], folder / "pretrained")
        finetuned = [_evaluated(config, tested, str(path), folder / "finetuned") for path in checkpoints]
        table = Table4(config, pretrained, finetuned, [str(path) for path in checkpoints])
        table.write(folder)
    return table


def _split(config: Section, folder: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """The sections ``data`` of the people to train on and of those to test with, listed in the folder."""
    whole = build_manifest(**data_settings(config["data"]).source)
    training, test = split_people(whole, config["table4"]["test_people"], config["seed"])
    if test is None:
        raise InputError("table4.test_people is 0; people must be left for the test.")
    return _listed(config, training, folder / "training.csv"), _listed(config, test, folder / "test.csv")


def _listed(config: Section, manifest: Manifest, path: Path) -> dict[str, Any]:
    write_manifest(manifest, path)
    kept = {key: config["data"][key] for key in ("detector", "batch_size", "num_workers", "cache")}
    return {"name": "manifest", "manifest": str(path), "root": str(manifest.root), **kept}


def _finetuned(config: Section, data: Section, seed: int, folder: Path) -> Path:
    """Train on everyone in ``data``; the checkpoint of the last step."""
    words = [f"model={config['model']['backbone']}", "data=manifest", f"data.manifest='{data['manifest']}'"]
    (point,) = plan("train", [*words, "validation.people=0", *config["table4"]["training"]], CONFIG_DIR)
    settings = point.config
    settings["data"] |= data
    settings["model"], settings["trainer"] = dict(config["model"]), settings["trainer"] | config["trainer"]
    return finetune(settings | {"seed": seed, "output": str(folder / "training")}).checkpoint(LAST)


def _evaluated(config: Section, data: Section, checkpoint: str | None, output: Path) -> list[Comparison]:
    model = dict(config["model"]) | {"checkpoint": checkpoint}
    settings = {key: value for key, value in config.items() if key != "table4"}
    return list(evaluate(settings | {"model": model, "data": data, "output": str(output)}).comparisons)
