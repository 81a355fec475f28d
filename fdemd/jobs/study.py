"""``python evaluate.py --rerank experiment=NAME``: a table or a sweep, for one network and data set or for several."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from fdemd.cli.command_line import CONFIG_DIR, plan
from fdemd.data.evaluated import evaluated_data
from fdemd.embedding.data import DataDescription, EmbeddedData, build_network, describe_data
from fdemd.errors import InputError
from fdemd.jobs.evaluate import check_second_stage
from fdemd.metrics.identification import metrics_named
from fdemd.report.labels import model_label
from fdemd.report.paper import paper_rows
from fdemd.report.queries import bytes_of_queries
from fdemd.report.study import StudyReport
from fdemd.report.study_point import PointResult, point_label
from fdemd.runs.files import ROOM, run_folder
from fdemd.runs.loggers import open_log
from fdemd.runs.pairs_progress import pairs_progress
from fdemd.runs.results_log import log_results
from fdemd.scoring.study import StudyComparison
from fdemd.settings.checking import changed
from fdemd.settings.comparing import Study
from fdemd.settings.jobs import Evaluate
from fdemd.settings.methods import Method, combinations_of
from fdemd.settings.ranking import ExactSearch, second_stage_of


@dataclass(frozen=True)
class StudyPoint:
    """One network and data set of a study, checked.

    Attributes:
        settings: Settings of the point.
        described: Its faces.
        methods: Methods to compare.
    """

    settings: Evaluate
    described: DataDescription
    methods: Sequence[Method]


def study(settings: Evaluate) -> StudyReport:
    """Compare every method of ``study.methods`` at each of its points, and write one report to a new folder.

    Features and similarities are kept in the cache, so that a study that was broken off, or one with more values of
    alpha and k, computes only what is new.

    Raises:
        InputError: A setting, a file or the data cannot be used.
    """
    section = settings.study
    if section is None:
        raise InputError("There is no study to do; add experiment=ood, say.")
    points = [_point(_varied(settings, words), section) for words in section.points or [[]]]
    label = f"{section.name}-{model_label(settings.model)}-{settings.data.name}"
    lines = len(settings.query) * len(settings.protocols)
    room = ROOM + sum(bytes_of_queries(point.described.faces.manifest, lines) for point in points)
    with (
        run_folder(Path(settings.output), label, room) as folder,
        open_log(settings.logger, folder, "evaluate", settings.plain()) as log,
    ):
        report = StudyReport(settings, [_measured(point, section) for point in points], folder)
        report.write()
        log_results(log)
    return report


def _varied(settings: Evaluate, words: Sequence[str]) -> Evaluate:
    """The settings with the sections that some words of the command line name replaced."""
    named = {word.lstrip("+").split("=")[0].split(".")[0].split("@")[0] for word in words}
    if unknown_sections := named - set(Evaluate.model_fields):
        raise InputError(
            f"study.points has the word {sorted(unknown_sections)[0]}; a word begins with a section of the settings, "
            "such as model=dlib or rerank.k=10."
        )
    points = plan("evaluate", list(words), CONFIG_DIR)
    if len(points) > 1:
        raise InputError(f"study.points has a sweep, {' '.join(words)}; give each value a point.")
    (chosen,) = points
    return changed(settings, **{section: getattr(chosen.settings, section) for section in named})


def _point(settings: Evaluate, section: Study) -> StudyPoint:
    rerank = second_stage_of(settings.rerank)
    if rerank is None:
        raise InputError("A study compares ways to re-rank; leave --no-rerank and rerank=none away.")
    if not isinstance(settings.stage1, ExactSearch):
        raise InputError("A study starts from the exact first stage; leave stage1 away.")
    paper_rows(section.paper)
    metrics_named(settings.metrics)
    methods = combinations_of(section.methods, rerank)
    backbone = build_network(settings.model, settings.seed)
    for measure in dict.fromkeys(method.settings for method in methods):
        check_second_stage(backbone, measure)
    point_label(settings)  # a mistake in a name is told by now
    return StudyPoint(settings, describe_data(settings, backbone), methods)


def _measured(point: StudyPoint, section: Study) -> PointResult:
    started = time.perf_counter()
    settings, methods = point.settings, point.methods
    data = point.described.embed()
    embedded = time.perf_counter()
    rows, missed = _sampled(data, section.sample, settings.seed)
    outcomes = []
    with torch.inference_mode(), pairs_progress(None) as on_progress:
        comparison = StudyComparison(
            data,
            methods,
            rows=rows,
            missed=missed,
            cache=data.faces.cache if settings.features.store else None,
            legacy=settings.legacy_self_count,
            seed=settings.seed,
            metrics=metrics_named(settings.metrics),
            on_progress=on_progress,
        )
        for kind in settings.query:
            outcomes += comparison.outcomes(kind, settings.protocols)
    seconds = {"prepare_and_embed": embedded - started, "rank_and_rerank": time.perf_counter() - embedded}
    if not any(outcome.queries for outcome in outcomes):
        raise InputError(
            f"No query in {data.faces.manifest.root} has another photograph of its person in the gallery, so that "
            "nothing can be found; give people with two photographs or more."
        )
    weights, used = data.backbone.weights_sha256, evaluated_data(data.faces)
    return PointResult(settings, used, rows, missed, outcomes, weights, seconds, data.normalization)


def _sampled(data: EmbeddedData, sample: int | None, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the manifest rows of the queries to use, with a face and without: all, or some drawn by the seed.

    Raises:
        InputError: No query that was drawn has a face.
    """
    rows, missed = data.faces.query_rows, data.faces.missed_rows
    asked = torch.cat([rows, missed]).sort().values
    if sample is None or sample >= len(asked):
        return rows, missed
    order = torch.randperm(len(asked), generator=torch.Generator().manual_seed(seed))
    drawn = asked[order[:sample].sort().values]
    without = torch.isin(drawn, missed)
    if without.all():
        raise InputError(
            f"None of the {sample} queries drawn from {data.faces.manifest.root} has a face that was found; raise "
            "study.sample."
        )
    return drawn[~without], drawn[without]
