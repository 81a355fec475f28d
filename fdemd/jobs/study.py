"""``python evaluate.py --rerank experiment=NAME``: a table or a sweep, for one network and data set or for several."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from fdemd.backbones import Backbone
from fdemd.cli.command_line import CONFIG_DIR, plan
from fdemd.embedding.data import DataDescription, EmbeddedData, build_network, describe_data
from fdemd.errors import InputError
from fdemd.jobs.evaluate import check_second_stage
from fdemd.report.identification import model_label
from fdemd.report.paper import paper_rows
from fdemd.report.study import PointResult, StudyReport, point_label
from fdemd.retrieval.protocol import check_protocols
from fdemd.retrieval.settings import RerankSettings, rerank_settings
from fdemd.runs.files import run_folder
from fdemd.runs.loggers import open_log
from fdemd.runs.pairs_progress import pairs_progress
from fdemd.runs.results_log import log_results
from fdemd.scoring.methods import Method, read_methods
from fdemd.scoring.methods_measured import Measuring
from fdemd.settings.checking import check_settings
from fdemd.settings.jobs import Evaluate


@dataclass(frozen=True)
class Point:
    """One network and data set of a study, checked: its config, its faces, and the methods to compare."""

    config: Mapping[str, Any]
    described: DataDescription
    methods: Sequence[Method]


def study(settings: Evaluate) -> StudyReport:
    """Measure every method of ``config["study"]`` at each of its points, and write one report to a new folder.

    Features and similarities are kept in the cache, so that a study that was broken off, or one with more values of
    alpha and k, computes only what is new.

    Raises:
        InputError: a setting, a file or the data cannot be used.
    """
    config = settings.plain()
    section = config["study"]
    points = [_point(_varied(config, words)) for words in section["points"] or [[]]]
    label = f"{section['name']}-{model_label(config['model'])}-{config['data']['name']}"
    with run_folder(Path(str(config["output"])), label) as folder, open_log(config, folder, "evaluate") as log:
        report = StudyReport(config, [_measured(point) for point in points], folder)
        report.write()
        log_results(log)
    return report


def _varied(config: Mapping[str, Any], words: Sequence[str]) -> dict[str, Any]:
    """The config with the sections that some words of the command line name replaced."""
    (chosen,) = plan("evaluate", list(words), CONFIG_DIR)
    named = {word.lstrip("+").split("=")[0].split(".")[0].split("@")[0] for word in words}
    return dict(config) | {section: chosen.settings.plain()[section] for section in named}


def _point(config: Mapping[str, Any]) -> Point:
    settings = rerank_settings(config["rerank"])
    if settings is None:
        raise InputError("A study compares ways to re-rank; leave --no-rerank and rerank=none away.")
    if config["stage1"]["search"] != "exact":
        raise InputError("A study starts from the exact first stage; leave stage1 away.")
    check_protocols(config["protocols"])
    paper_rows(config["study"]["paper"])
    methods = read_methods(config["study"]["methods"], settings)
    checked = check_settings(Evaluate, config)
    backbone = build_network(checked.model, checked.seed)
    _check_measures(backbone, methods)
    point_label(config)  # a mistake in a name is told by now
    return Point(config, describe_data(checked, backbone), methods)


def _check_measures(backbone: Backbone, methods: Sequence[Method]) -> None:
    for measure in dict.fromkeys(method.measure for method in methods):
        if isinstance(measure, RerankSettings):
            check_second_stage(backbone, measure)


def _measured(point: Point) -> PointResult:
    started = time.perf_counter()
    config, methods = point.config, point.methods
    data = point.described.embed()
    embedded = time.perf_counter()
    rows, missed = _sampled(data, config["study"]["sample"], config["seed"])
    stored = config["features"]["store"]
    kinds = list(config["query"])
    outcomes = []
    with torch.inference_mode(), pairs_progress(None) as on_progress:
        measuring = Measuring(
            data,
            methods,
            rows=rows,
            missed=missed,
            cache=data.faces.cache if stored else None,
            legacy=config["legacy_self_count"],
            seed=config["seed"],
            on_progress=on_progress,
        )
        for kind in kinds:
            outcomes += measuring.outcomes(kind, config["protocols"])
    seconds = {"prepare and embed": embedded - started, "rank and re-rank": time.perf_counter() - embedded}
    if not any(outcome.queries for outcome in outcomes):
        raise InputError(
            f"No query in {data.faces.manifest.root} has another photograph of its person in the gallery, so that "
            "nothing can be found; give people with two photographs or more."
        )
    drawn = len(rows) + len(missed)
    return PointResult(config, data.faces, drawn, outcomes, data.backbone.weights_sha256, seconds, data.normalization)


def _sampled(data: EmbeddedData, sample: int | None, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Manifest rows of the queries to use, with a face and without: all, or some drawn by the seed.

    Raises:
        InputError: no query that was drawn has a face.
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
