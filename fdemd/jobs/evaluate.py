"""``python evaluate.py --rerank``: embed once, rank, re-rank, report. No network is trained here."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from fdemd.attacks.adversary import ADVERSARIAL
from fdemd.backbones import Backbone
from fdemd.data.evaluated import evaluated_data
from fdemd.embedding.data import EmbeddedData, build_network, describe_data
from fdemd.emd.engines import AUTO, FAST, REFERENCE
from fdemd.emd.similarity import reference_only
from fdemd.errors import InputError
from fdemd.features import Features
from fdemd.report.identification import IdentificationReport
from fdemd.report.labels import model_label
from fdemd.report.queries import bytes_of_queries
from fdemd.retrieval.faiss_search import FaissIndex, IndexSettings, index_settings
from fdemd.retrieval.pair_similarity import PairSimilarity, patches_for
from fdemd.retrieval.protocol import check_protocols
from fdemd.retrieval.settings import RerankSettings, rerank_settings
from fdemd.runs.files import ROOM, run_folder
from fdemd.runs.loggers import open_log
from fdemd.runs.pairs_progress import pairs_progress
from fdemd.runs.results_log import log_results
from fdemd.scoring.attack import AttackOutcome, measure_attack
from fdemd.scoring.closed_set import Comparison, compare_stages
from fdemd.scoring.pictured import picture_queries
from fdemd.settings.jobs import Evaluate


def evaluate(settings: Evaluate) -> IdentificationReport:
    """Run what ``configs/evaluate.yaml`` and the command line ask for, and write it to a new folder.

    Raises:
        InputError: a setting, a file or the data cannot be used.
    """
    config = settings.plain()
    started = time.perf_counter()
    second_stage, stage1 = rerank_settings(config["rerank"]), index_settings(config["stage1"])
    protocols = check_protocols(config["protocols"])
    backbone = build_network(config)
    if second_stage:
        check_second_stage(backbone, second_stage)
    described = describe_data(config, backbone)
    if described.alignment and stage1:
        raise InputError(
            f"stage1.search is {config['stage1']['search']}, which ranks by the cosine; aligned cosines need "
            "stage1=exact, or align=none."
        )
    label = f"{model_label(settings.model)}-{settings.data.name}"
    room = ROOM + bytes_of_queries(described.faces.manifest, len(config["query"]) * len(protocols))
    with (
        run_folder(Path(str(config["output"])), label, room) as folder,
        open_log(settings.logger, folder, "evaluate", settings.plain()) as log,
    ):
        data = described.embed()
        embedded = time.perf_counter()
        with torch.inference_mode():  # without gradients the transport runs one piece a core
            comparisons = _identify(data, second_stage, protocols, stage1, config)
            seconds = {"prepare_and_embed": embedded - started, "rank_and_rerank": time.perf_counter() - embedded}
            pictured = picture_queries(data, comparisons, second_stage, protocols[0])
        report = IdentificationReport(
            settings,
            evaluated_data(data.faces),
            comparisons,
            pictured,
            backbone.weights_sha256,
            {kind: each.origin for kind, each in data.features.items()},
            seconds,
            _missing_engine(second_stage, comparisons[0].engine),
            _attack(data, comparisons),
            data.alignment,
        )
        report.write(folder)
        log_results(log)
    return report


@torch.inference_mode()
def check_second_stage(backbone: Backbone, settings: RerankSettings) -> None:
    """Re-rank one blank face, so that a grid or weighting that this network cannot have fails now, not in an hour.

    Raises:
        InputError: the network has no such patches, or the weighting is not for them.
    """
    blank = backbone(torch.zeros(1, 3, *backbone.face_size))
    blank = Features(blank.embedding, blank.patches, blank.grid, torch.zeros(1, 68, 2))
    blank = patches_for(settings, backbone, blank)(blank)
    PairSimilarity(blank, blank, settings)(torch.zeros(1, 1, dtype=torch.long))


def _identify(
    data: EmbeddedData,
    settings: RerankSettings | None,
    protocols: Sequence[str],
    stage1: IndexSettings | None,
    config: Mapping[str, Any],
) -> list[Comparison]:
    """Compare the stages for every kind of query, once its faces are embedded."""
    gallery, gallery_labels = data.gallery()
    view = patches_for(settings, data.backbone, gallery)
    index = FaissIndex(stage1, gallery.embedding, config["seed"]) if stage1 else None
    gallery = view(gallery)
    comparisons: list[Comparison] = []
    queries = len(config["query"]) * len(data.faces.query_rows)
    with pairs_progress(queries * settings.k if settings else None, shown=settings is not None) as on_progress:
        for kind in config["query"]:
            query, query_labels = data.query(kind)
            comparisons += compare_stages(
                kind,
                view(query),
                query_labels,
                gallery,
                gallery_labels,
                settings=settings,
                protocols=protocols,
                missed=data.missed(kind),
                index=index,
                adjust=data.adjustment(query, gallery),
                legacy_self_count=config["legacy_self_count"],
                seed=config["seed"],
                on_progress=on_progress,
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


def _missing_engine(settings: RerankSettings | None, used: str) -> str:
    """Why the compiled engine was not there, although it would have done the same; empty if that is not so."""
    if settings is None or settings.engine != AUTO or used != REFERENCE:
        return ""
    return "" if reference_only(settings.stopping_rule, settings.eps) else FAST["cpu"].missing()
