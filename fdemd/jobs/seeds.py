"""``python evaluate.py --rerank experiment=seeds`` (or ``rejection``): several seeds, each trained and tested."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import torch

from fdemd.cli.command_line import CONFIG_DIR, plan
from fdemd.cli.signals import advise_when_stopped
from fdemd.data.left_out import left_out_files
from fdemd.embedding.data import EmbeddedData, build_network, describe_data
from fdemd.errors import InputError
from fdemd.files.lock import alone_in
from fdemd.files.user_paths import check_folder, expand_home
from fdemd.jobs.evaluate import check_second_stage
from fdemd.jobs.finished_trainings import find_finished_training
from fdemd.jobs.train_and_evaluate import evaluate_checkpoint, split_people_for_test, train, training_settings
from fdemd.jobs.trainings import PlannedTraining, naming_training, plan_trainings
from fdemd.losses.scale_head import read_scale_head
from fdemd.report.identification import IdentificationReport
from fdemd.report.labels import model_label
from fdemd.report.trials import TrialsReport
from fdemd.runs.files import RESULTS, check_place, read_left_out, run_folder
from fdemd.runs.loggers import open_log
from fdemd.runs.pairs_progress import pairs_progress
from fdemd.runs.results_log import log_results
from fdemd.scoring.mixture import mixture_of
from fdemd.scoring.rejection import Rejection, measure_rejection
from fdemd.scoring.trial import PRETRAINED, Trial
from fdemd.settings.checking import changed
from fdemd.settings.comparing import Trials
from fdemd.settings.faces import Data
from fdemd.settings.jobs import Evaluate
from fdemd.settings.normalization import NoNormalization, ScoreNormalization
from fdemd.settings.ranking import second_stage_of
from fdemd.training.data import describe_training_data


def trials(settings: Evaluate) -> TrialsReport:
    """Train and test once for every seed, and write one report; every training and evaluation lies in its folder.

    Each seed draws its own people to test, and trains on the others. With ``trials.resume`` a run that was broken off
    goes on in its folder: trainings that it finished with the same settings are taken from there.

    Args:
        settings: Settings with the section ``trials``.

    Raises:
        InputError: a setting, a file or the data cannot be used.
    """
    section = settings.trials
    assert section is not None
    if settings.align.method != "none":
        raise InputError(
            f"align is {settings.align.method}; a comparison over seeds has the people trained on as cohort: "
            "leave align away, and give trials.align=[ida]."
        )
    trainings, normalizations = plan_trainings(section.trainings), _normalizations(section.align)
    if not section.compare and not any(each.has_scale_head for each in trainings):
        raise InputError(
            "trials.compare is false, and no training of trials.trainings has loss=scaleface; nothing would be "
            "measured."
        )
    with _folder(settings, section) as folder, open_log(settings.logger, folder, "evaluate", settings.plain()) as log:
        found = []
        for number, seed in enumerate(section.seeds, start=1):
            print(f"Seed {seed} ({number} of {len(section.seeds)})", flush=True)
            of_seed = changed(settings, seed=seed)
            found.append(_trial(of_seed, section, trainings, normalizations, folder / f"seed_{seed}"))
        report = TrialsReport(settings, found)
        report.write(folder)
        log_results(log)
    return report


@contextmanager
def _folder(settings: Evaluate, section: Trials) -> Iterator[Path]:
    """Open the folder of all files; a signal tells how the whole goes on, not only the training under way."""
    if section.resume is not None:
        folder = check_folder(
            expand_home(section.resume), "The folder", "give that of an earlier run with trials.resume=FOLDER"
        )
        check_place(folder, advice="let it be written to")
        with alone_in(folder, "stop it first"), advise_when_stopped(lambda: f"trials.resume={folder}"):
            yield folder
        return
    label = f"{section.name}-{model_label(settings.model)}-{settings.data.name}"
    with (
        run_folder(Path(settings.output), label) as folder,
        alone_in(folder, "stop it first"),
        advise_when_stopped(lambda: f"trials.resume={folder}"),
    ):
        yield folder


def _normalizations(names: Sequence[str]) -> dict[str, ScoreNormalization | NoNormalization]:
    """Compose the score normalizations of a comparison: name of a choice of ``configs/align`` -> its section."""
    return {name: plan("evaluate", [f"align={name}"], CONFIG_DIR)[0].settings.align for name in names}


def _trial(
    settings: Evaluate,
    section: Trials,
    trainings: Sequence[PlannedTraining],
    normalizations: Mapping[str, ScoreNormalization | NoNormalization],
    folder: Path,
) -> Trial:
    """Train and test with one seed, that of the settings."""
    folder.mkdir(exist_ok=True)
    split = split_people_for_test(settings, section.test_people, settings.seed, folder, setting="trials.test_people")
    planned = {
        each: training_settings(settings, split.training, each.words, settings.seed, folder / each.name)
        for each in trainings
    }
    network, rerank = build_network(settings.model, settings.seed), second_stage_of(settings.rerank)
    if rerank:
        check_second_stage(network, rerank)
    people = {}
    for each, training in planned.items():
        with naming_training(each.name):
            people[each] = describe_training_data(training, network)  # its mistakes are told by now
    trial = Trial(settings.seed, apart=split.counts)
    trial.leave_out((path, "ignored", reason) for path, reason in split.ignored)
    if section.compare:
        _compare(trial, PRETRAINED, evaluate_checkpoint(settings, split.test, None, folder / PRETRAINED))
        for name, normalization in normalizations.items():
            if isinstance(normalization, ScoreNormalization):
                normalization = changed(normalization, manifest=split.training.manifest, root=split.training.root)
            output = folder / f"{PRETRAINED}_{name}"
            report = evaluate_checkpoint(settings, split.test, None, output, align=normalization)
            _compare(trial, f"{PRETRAINED}, {name}", report)
    for each, training in planned.items():
        with naming_training(each.name):
            finished = find_finished_training(training, people[each], network, folder / each.name)
            checkpoint = finished or train(training)
        trial.checkpoints[each.name] = str(checkpoint)
        trial.leave_out(read_left_out(checkpoint.parents[1] / RESULTS))
        if section.compare and each.trains_backbone:
            report = evaluate_checkpoint(settings, split.test, str(checkpoint), folder / each.name)
            _compare(trial, each.name, report)
        if each.has_scale_head:
            weights = str(checkpoint) if each.trains_backbone else None
            tested, trained_on = (_embed(settings, data, weights) for data in (split.test, split.training))
            for data in (tested, trained_on):
                trial.leave_out(left_out_files(data.faces.manifest, data.faces.faces))
            trial.rejections[each.name] = _rejection(settings, tested, trained_on, checkpoint)
    return trial


def _compare(trial: Trial, weights: str, report: IdentificationReport) -> None:
    trial.compared[weights], trial.accounts[weights] = report.comparisons, report.data.account
    trial.leave_out(report.data.left_out)


def _embed(settings: Evaluate, data: Data, checkpoint: str | None) -> EmbeddedData:
    """Embed some people, by the weights of a checkpoint or, for None, by those that the settings name."""
    model = changed(settings.model, checkpoint=checkpoint) if checkpoint else settings.model
    return describe_data(changed(settings, model=model, data=data), build_network(model, settings.seed)).embed()


def _rejection(settings: Evaluate, tested: EmbeddedData, trained_on: EmbeddedData, checkpoint: Path) -> Rejection:
    head, rerank = read_scale_head(checkpoint), second_stage_of(settings.rerank)
    with pairs_progress(None, shown=rerank is not None) as on_progress:
        mixture = mixture_of(tested, head, rerank, on_progress)
    with torch.inference_mode():
        return measure_rejection(mixture, mixture_of(trained_on, head, None), head, settings.seed)
