"""``python evaluate.py --rerank experiment=seeds`` (or ``rejection``): several seeds, each trained and tested."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from pydantic import TypeAdapter

from fdemd.cli.command_line import CONFIG_DIR, plan
from fdemd.cli.signals import told_how_to_go_on
from fdemd.data.left_out import left_out_files
from fdemd.embedding.data import EmbeddedData, build_network, describe_data
from fdemd.errors import InputError
from fdemd.files.lock import alone_in
from fdemd.files.user_paths import check_folder
from fdemd.jobs.finetune import training_data
from fdemd.jobs.finished_trainings import finished_training
from fdemd.jobs.train_and_test import evaluated, people_apart, trained, training_config
from fdemd.jobs.trainings import Training, named, read_trainings
from fdemd.losses.scale_head import read_scale_head
from fdemd.report.identification import IdentificationReport, model_label
from fdemd.report.trials import TrialsReport
from fdemd.runs.files import RESULTS, check_place, read_left_out, run_folder
from fdemd.runs.loggers import open_log
from fdemd.runs.pairs_progress import pairs_progress
from fdemd.runs.results_log import log_results
from fdemd.scoring.mixture import mixture_of
from fdemd.scoring.rejection import Rejection, measure_rejection
from fdemd.scoring.trial import PRETRAINED, Trial
from fdemd.settings.checking import check_settings
from fdemd.settings.jobs import Evaluate
from fdemd.settings.ranking import Rerank, second_stage_of


def trials(settings: Evaluate) -> TrialsReport:
    """Run ``config["trials"]`` and write one report; every training and evaluation lies below it.

    Each seed draws its own people to test, and trains on the others. With ``trials.resume`` a run that was broken off
    goes on in its folder: trainings that it finished with the same settings are taken from there.

    Raises:
        InputError: a setting, a file or the data cannot be used.
    """
    config = settings.plain()
    wanted = config["trials"]
    if config["align"]["method"] != "none":
        raise InputError(
            f"align is {config['align']['method']}; a comparison over seeds has the people trained on as cohort: "
            "leave align away, and give trials.align=[ida]."
        )
    trainings, aligned = read_trainings(wanted["trainings"]), _alignments(wanted["align"])
    if not wanted["compare"] and not any(each.has_scales for each in trainings):
        raise InputError(
            "trials.compare is false, and no training of trials.trainings has loss=scaleface; nothing would be "
            "measured."
        )
    with _folder(config) as folder, open_log(config, folder, "evaluate") as log:
        evaluation = {key: value for key, value in config.items() if key != "trials"}
        found = []
        for number, seed in enumerate(wanted["seeds"], start=1):
            print(f"Seed {seed} ({number} of {len(wanted['seeds'])})", flush=True)
            found.append(_trial(evaluation | {"seed": seed}, wanted, trainings, aligned, folder / f"seed_{seed}"))
        report = TrialsReport(config, found, folder)
        report.write()
        log_results(log)
    return report


@contextmanager
def _folder(config: Mapping[str, Any]) -> Iterator[Path]:
    """Where the files of all go; a signal tells how the whole goes on, not only the training under way."""
    wanted = config["trials"]
    if (resumed := wanted["resume"]) is not None:
        folder = check_folder(Path(str(resumed)), "The folder", "give that of an earlier run with trials.resume=FOLDER")
        check_place(folder, advice="let it be written to")
        with alone_in(folder, "stop it first"), told_how_to_go_on(lambda: f"trials.resume={folder}"):
            yield folder
        return
    label = f"{wanted['name']}-{model_label(config['model'])}-{config['data']['name']}"
    with (
        run_folder(Path(str(config["output"])), label) as folder,
        alone_in(folder, "stop it first"),
        told_how_to_go_on(lambda: f"trials.resume={folder}"),
    ):
        yield folder


def _alignments(names: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Name of a choice of ``configs/align`` -> the section."""
    return {name: plan("evaluate", [f"align={name}"], CONFIG_DIR)[0].settings.plain()["align"] for name in names}


def _trial(
    config: dict[str, Any],
    wanted: Mapping[str, Any],
    trainings: Sequence[Training],
    aligned: Mapping[str, dict[str, Any]],
    folder: Path,
) -> Trial:
    folder.mkdir(exist_ok=True)
    seed = config["seed"]
    training, test, ignored, apart = people_apart(
        config, wanted["test_people"], seed, folder, setting="trials.test_people"
    )
    planned = {each: training_config(config, training, each.words, seed, folder / each.name) for each in trainings}
    checked = check_settings(Evaluate, config)
    network = build_network(checked.model, checked.seed)
    people = {}
    for each, settings in planned.items():
        with named(each.name):
            people[each] = training_data(settings, network)  # its mistakes are told by now
    trial = Trial(seed, apart=apart)
    trial.leave_out((path, "ignored", reason) for path, reason in ignored)
    if wanted["compare"]:
        _compare(trial, PRETRAINED, evaluated(config, test, None, folder / PRETRAINED))
        for way, section in aligned.items():
            cohort = {"align": section | {"manifest": training["manifest"], "root": training["root"]}}
            output = folder / f"{PRETRAINED}_{way}"
            _compare(trial, f"{PRETRAINED}, {way}", evaluated(config | cohort, test, None, output))
    for each, settings in planned.items():
        with named(each.name):
            checkpoint = finished_training(settings, people[each], network, folder / each.name) or trained(settings)
        trial.checkpoints[each.name] = str(checkpoint)
        trial.leave_out(read_left_out(checkpoint.parents[1] / RESULTS))
        if wanted["compare"] and each.changes_network:
            _compare(trial, each.name, evaluated(config, test, str(checkpoint), folder / each.name))
        if each.has_scales:
            model = dict(config["model"]) | ({"checkpoint": str(checkpoint)} if each.changes_network else {})
            points = (check_settings(Evaluate, config | {"model": model, "data": data}) for data in (test, training))
            tested, trained_on = (
                describe_data(point, build_network(point.model, point.seed)).embed() for point in points
            )
            for data in (tested, trained_on):
                trial.leave_out(left_out_files(data.faces.manifest, data.faces.faces))
            trial.rejections[each.name] = _rejection(config, tested, trained_on, checkpoint)
    return trial


def _compare(trial: Trial, weights: str, report: IdentificationReport) -> None:
    trial.compared[weights], trial.accounts[weights] = report.comparisons, report.faces.account
    trial.leave_out(left_out_files(report.faces.manifest, report.faces.faces))


def _rejection(
    config: Mapping[str, Any], tested: EmbeddedData, trained_on: EmbeddedData, checkpoint: Path
) -> Rejection:
    head, settings = read_scale_head(checkpoint), second_stage_of(TypeAdapter(Rerank).validate_python(config["rerank"]))
    with pairs_progress(None, shown=settings is not None) as on_progress:
        mixture = mixture_of(tested, head, settings, on_progress)
    with torch.inference_mode():
        return measure_rejection(mixture, mixture_of(trained_on, head, None), head, config["seed"])
