"""``python evaluate.py --rerank``: embed once, rank, re-rank, report. No network is trained here."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from fdemd.backbones import Backbone
from fdemd.embedding.data import EmbeddedData, build_network, describe_data
from fdemd.emd import Transport, emd_similarity
from fdemd.errors import InputError
from fdemd.features import Features
from fdemd.report.identification import IdentificationReport, model_label
from fdemd.report.queries import bytes_of_queries
from fdemd.retrieval.faiss_search import FaissIndex, IndexSettings, index_settings
from fdemd.retrieval.pair_similarity import PairSimilarity, patches_for
from fdemd.retrieval.protocol import check_protocols
from fdemd.retrieval.settings import RerankSettings, rerank_settings
from fdemd.runs.files import ROOM, run_folder
from fdemd.runs.loggers import open_log
from fdemd.runs.pairs_progress import pairs_progress
from fdemd.runs.results_log import log_results
from fdemd.scoring.closed_set import Comparison, compare_stages
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
    backbone = build_network(settings.model, settings.seed)
    if second_stage:
        check_second_stage(backbone, second_stage)
    described = describe_data(settings, backbone)
    label = f"{model_label(config['model'])}-{config['data']['name']}"
    room = ROOM + bytes_of_queries(described.faces, len(config["query"]) * len(protocols))
    with run_folder(Path(str(config["output"])), label, room) as folder, open_log(config, folder, "evaluate") as log:
        data = described.embed()
        embedded = time.perf_counter()
        with torch.inference_mode():  # without gradients the transport runs one piece a core
            comparisons = _identify(data, second_stage, protocols, stage1, config)
        seconds = {"prepare and embed": embedded - started, "rank and re-rank": time.perf_counter() - embedded}
        origins = {kind: each.origin for kind, each in data.features.items()}
        report = IdentificationReport(
            config,
            second_stage,
            data.faces,
            comparisons,
            protocols,
            backbone.weights_sha256,
            origins,
            seconds,
            data.adversary,
            data.normalization,
        )
        report.write(folder, partial(_transport, data, second_stage))
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


def _transport(
    data: EmbeddedData, settings: RerankSettings | None, kind: str, query_row: Tensor, best_row: Tensor
) -> Transport | None:
    """The flow from one query to one gallery face, as stage 2 sees it; for the picture."""
    if settings is None:
        return None
    query, best = data.features[kind].at(query_row), data.features["clean"].at(best_row)
    view = patches_for(settings, data.backbone, query)
    query, best = view(query), view(best)
    if settings.grid:
        query, best = query.pooled(settings.grid), best.pooled(settings.grid)
    return emd_similarity(
        query,
        best,
        torch.zeros(1, 1, dtype=torch.long),
        weighting=settings.weighting,
        stop=settings.stopping_rule,
        eps=settings.eps,
        with_flow=True,
    )
