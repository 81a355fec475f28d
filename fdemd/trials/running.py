"""``python evaluate.py --rerank experiment=seeds`` (or ``rejection``): several seeds, each trained and tested."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
import yaml

from fdemd.cli import CONFIG_DIR, plan
from fdemd.embedded_data import EmbeddedData, build_network, describe_data
from fdemd.errors import InputError
from fdemd.finetune import LAST
from fdemd.finetune_trainer import CHECKPOINTS
from fdemd.losses.scale_head import read_scale_head
from fdemd.people_apart import evaluated, people_apart, trained, training_config
from fdemd.report.files import run_folder
from fdemd.report.identification import model_label
from fdemd.report.loggers import open_log
from fdemd.report.pairs_progress import pairs_progress
from fdemd.report.results_log import log_results
from fdemd.report.trials import TrialsReport
from fdemd.rerank_settings import rerank_settings
from fdemd.trials.mixture import mix
from fdemd.trials.rejection import Rejection, measure_rejection
from fdemd.trials.trial import PRETRAINED, Trial

_FINISHED = "results.json"
"""A training writes it last."""


def trials(config: Mapping[str, Any]) -> TrialsReport:
    """Run ``config["trials"]`` and write one report; every training and evaluation lies below it.

    Each seed draws its own people to test, and trains on the others. With ``trials.resume`` a run that was broken off
    goes on in its folder: trainings that it finished with the same settings are taken from there.

    Raises:
        InputError: a setting, a file or the data cannot be used.
    """
    wanted = config["trials"]
    if not wanted["seeds"] or len(set(wanted["seeds"])) != len(wanted["seeds"]):
        raise InputError(f"trials.seeds is {wanted['seeds']}; it must list different numbers, such as [0,1,2].")
    _check_trainings(wanted["trainings"])
    if not wanted["compare"] and not any(_has_scale_head(words) for words in wanted["trainings"].values()):
        raise InputError(
            "Nothing would be measured: trials.compare is false, and no training in trials.trainings has "
            "loss=scaleface."
        )
    with _folder(config) as folder, open_log(config, folder, "evaluate") as log:
        evaluation = {key: value for key, value in config.items() if key != "trials"}
        found = []
        for number, seed in enumerate(wanted["seeds"], start=1):
            print(f"Seed {seed} ({number} of {len(wanted['seeds'])})", flush=True)
            found.append(_trial(evaluation | {"seed": seed}, wanted, folder / f"seed_{seed}"))
        report = TrialsReport(config, found, folder)
        report.write()
        log_results(log)
    return report


@contextmanager
def _folder(config: Mapping[str, Any]) -> Iterator[Path]:
    wanted = config["trials"]
    if (resumed := wanted["resume"]) is not None:
        if not Path(str(resumed)).is_dir():
            raise InputError(f"trials.resume is {resumed}; there is no such folder of an earlier run.")
        yield Path(str(resumed))
        return
    label = f"{wanted['name']}-{model_label(config['model'])}-{config['data']['name']}"
    with run_folder(Path(str(config["output"])), label) as folder:
        yield folder


def _check_trainings(trainings: Mapping[str, Sequence[str]]) -> None:
    """Compose each, so that a mistake in the last is told before the first is done."""
    for name, words in trainings.items():
        if not name or not str(name).replace("_", "").replace("-", "").isalnum():
            raise InputError(f"trials.trainings has the name {name!r}; letters, digits, - and _ make a name.")
        plan("train", list(words), CONFIG_DIR)


def _has_scale_head(words: Sequence[str]) -> bool:
    return _loss(words).get("scale_head") is not None


def _loss(words: Sequence[str]) -> Mapping[str, Any]:
    (point,) = plan("train", list(words), CONFIG_DIR)
    loss: Mapping[str, Any] = point.config["loss"]
    return loss


def _trial(config: dict[str, Any], wanted: Mapping[str, Any], folder: Path) -> Trial:
    folder.mkdir(exist_ok=True)
    seed = config["seed"]
    training, test = people_apart(config, wanted["test_people"], seed, folder)
    trial = Trial(seed)
    if wanted["compare"]:
        trial.compared[PRETRAINED] = evaluated(config, test, None, folder / PRETRAINED)
    for name, words in wanted["trainings"].items():
        checkpoint = _trained(config, training, words, folder / name)
        trial.checkpoints[name] = str(checkpoint)
        loss = _loss(words)
        scaled = loss.get("scale_head")
        frozen = scaled is not None and scaled["frozen"]
        if wanted["compare"] and not frozen:
            trial.compared[name] = evaluated(config, test, str(checkpoint), folder / name)
        if scaled is not None:
            model = dict(config["model"]) | ({} if frozen else {"checkpoint": str(checkpoint)})
            trial.rejections[name] = _rejection(config | {"model": model}, training, test, checkpoint)
    return trial


def _trained(config: dict[str, Any], data: Mapping[str, Any], words: Sequence[str], output: Path) -> Path:
    """The checkpoint of a training that is there already, with the same settings, or of a new one."""
    settings = training_config(config, data, words, config["seed"], output)
    for finished in sorted(output.glob(f"*/{_FINISHED}")):
        before = yaml.safe_load((finished.parent / "config.yaml").read_text(encoding="utf-8"))
        if before == settings:
            return finished.parent / CHECKPOINTS / f"{LAST}.ckpt"
    return trained(config, data, words, config["seed"], output)


def _rejection(
    config: Mapping[str, Any], training: Mapping[str, Any], test: Mapping[str, Any], checkpoint: Path
) -> Rejection:
    head, settings = read_scale_head(checkpoint), rerank_settings(config["rerank"])
    tested, trained_on = _embedded(config, test), _embedded(config, training)
    with pairs_progress(None, shown=settings is not None) as on_progress:
        mixture = mix(tested, head, settings, on_progress)
    with torch.inference_mode():
        return measure_rejection(mixture, mix(trained_on, head, None), head, config["seed"])


def _embedded(config: Mapping[str, Any], data: Mapping[str, Any]) -> EmbeddedData:
    config = dict(config) | {"data": dict(data)}
    return describe_data(config, build_network(config)).embed()
