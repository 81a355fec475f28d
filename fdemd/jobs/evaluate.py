"""``python evaluate.py --rerank``: embed once, rank, re-rank, report. No network is trained here."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import torch

from fdemd.backbones import Backbone
from fdemd.data.evaluated import evaluated_data
from fdemd.embedding.data import EmbeddedData, build_network, describe_data
from fdemd.emd import stopping_rule
from fdemd.emd.engines import AUTO, FAST, REFERENCE
from fdemd.emd.similarity import reference_only
from fdemd.errors import InputError
from fdemd.features import Features
from fdemd.metrics.identification import metrics_named
from fdemd.report.identification import IdentificationReport
from fdemd.report.labels import model_label
from fdemd.report.queries import bytes_of_queries
from fdemd.retrieval.faiss_search import FaissIndex, check_installed
from fdemd.retrieval.protocol import OFFICIAL, Labels
from fdemd.retrieval.second_stage import second_stages
from fdemd.retrieval.two_stages import TwoStageSearch
from fdemd.runs.files import ROOM, run_folder
from fdemd.runs.loggers import open_log
from fdemd.runs.pairs_progress import pairs_progress
from fdemd.runs.results_log import log_results
from fdemd.scoring.attack import AttackOutcome, measure_attack
from fdemd.scoring.closed_set import Comparison, compare_stages
from fdemd.scoring.pictured import picture_queries
from fdemd.settings.jobs import Evaluate
from fdemd.settings.queries import ADVERSARIAL
from fdemd.settings.ranking import EmdRerank, ExactSearch, Reranking, second_stage_of


def evaluate(settings: Evaluate) -> IdentificationReport:
    """Run what ``configs/evaluate.yaml`` and the command line ask for, and write it to a new folder.

    Raises:
        InputError: A setting, a file or the data cannot be used.
    """
    started = time.perf_counter()
    rerank = second_stage_of(settings.rerank)
    check_installed(settings.stage1)
    metrics_named(settings.metrics)
    backbone = build_network(settings.model, settings.seed)
    if rerank:
        check_second_stage(backbone, rerank)
    described = describe_data(settings, backbone)
    label = f"{model_label(settings.model)}-{settings.data.name}"
    room = ROOM + bytes_of_queries(described.faces.manifest, len(settings.query) * len(settings.protocols))
    with (
        run_folder(Path(settings.output), label, room) as folder,
        open_log(settings.logger, folder, "evaluate", settings.plain()) as log,
    ):
        data = described.embed()
        embedded = time.perf_counter()
        with torch.inference_mode():  # without gradients the transport runs one piece a core
            comparisons = _identify(data, settings)
            seconds = {"prepare_and_embed": embedded - started, "rank_and_rerank": time.perf_counter() - embedded}
            pictured = picture_queries(data, comparisons, rerank, settings.protocols[0])
        report = IdentificationReport(
            settings,
            evaluated_data(data.faces),
            comparisons,
            pictured,
            backbone.weights_sha256,
            {kind: each.origin for kind, each in data.features.items()},
            seconds,
            _missing_engine(rerank, comparisons[0].engine),
            _attack(data, comparisons),
            data.normalization,
        )
        report.write(folder)
        log_results(log)
    return report


@torch.inference_mode()
def check_second_stage(backbone: Backbone, rerank: Reranking) -> None:
    """Re-rank one blank face, so that a grid or weighting that this network cannot have fails now, not in an hour.

    Raises:
        InputError: The network has no such patches, or the re-ranker cannot compare them.
    """
    blank = backbone(torch.zeros(1, 3, *backbone.face_size))
    blank = Features(blank.embedding, blank.patches, blank.grid, torch.zeros(1, 68, 2))
    who = Labels.distinct(torch.zeros(1, dtype=torch.long))
    search = TwoStageSearch(blank, who, second_stages(rerank, backbone), backbone=backbone)
    search.queries(blank, Labels.distinct(who.identity, first=1)).rank(OFFICIAL, depth=1)


def _identify(data: EmbeddedData, settings: Evaluate) -> list[Comparison]:
    """Compare the stages for every kind of query, once its faces are embedded."""
    gallery, labels = data.gallery()
    rerank = second_stage_of(settings.rerank)
    index = None
    if not isinstance(settings.stage1, ExactSearch):
        index = FaissIndex(settings.stage1, gallery.embedding, settings.seed)
    comparisons: list[Comparison] = []
    kinds = list(settings.query)
    cache = data.faces.cache if settings.features.store else None
    pairs = len(kinds) * len(data.faces.query_rows) * rerank.k if rerank else None
    with pairs_progress(pairs, shown=rerank is not None) as on_progress:
        search = TwoStageSearch(
            gallery,
            labels,
            second_stages(rerank, data.backbone),
            backbone=data.backbone,
            index=index,
            copies=data.copies,
            compact=data.compact,
            on_progress=on_progress,
        )
        for kind in kinds:
            query, query_labels = data.query(kind)
            comparisons += compare_stages(
                search,
                kind,
                query,
                query_labels,
                protocols=settings.protocols,
                missed=data.missed(kind),
                adjust=data.adjustment(query, gallery),
                legacy_self_count=settings.legacy_self_count,
                seed=settings.seed,
                metrics=metrics_named(settings.metrics),
                store_of=partial(data.similarity_store, cache, kind),
            )
    if not any(comparison.queries for comparison in comparisons):
        raise InputError(
            f"No query in {data.faces.manifest.root} has another photograph of its person in the gallery, so that "
            "nothing can be found; give people with two photographs or more."
        )
    return comparisons


def _attack(data: EmbeddedData, comparisons: Sequence[Comparison]) -> AttackOutcome | None:
    """What the attack on adversarial queries achieved; None without any."""
    if data.adversary is None:
        return None
    attacked = {each.protocol: each for each in comparisons if each.kind == ADVERSARIAL}
    return measure_attack(data.adversary, data.faces, attacked)


def _missing_engine(rerank: Reranking | None, used: str) -> str:
    """Why the compiled engine was not there, although it would have done the same; empty if that is not so."""
    if not isinstance(rerank, EmdRerank) or rerank.engine != AUTO or used != REFERENCE:
        return ""
    stop = stopping_rule(rerank.stop, rerank.tolerance)
    return "" if reference_only(stop, rerank.eps) else FAST["cpu"].missing()
