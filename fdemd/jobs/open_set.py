"""``python evaluate.py --rerank experiment=open_set``: searches for people who may not be in the gallery."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from fdemd.data.outside import inside, people_outside
from fdemd.embedding.data import EmbeddedData, build_network, describe_data
from fdemd.errors import InputError
from fdemd.jobs.evaluate import check_second_stage
from fdemd.report.identification import model_label
from fdemd.report.open_set import OpenSetReport, Searched
from fdemd.retrieval.faiss_search import index_settings
from fdemd.retrieval.pair_similarity import patches_for
from fdemd.retrieval.protocol import check_protocols
from fdemd.retrieval.settings import RerankSettings, rerank_settings
from fdemd.runs.files import run_folder
from fdemd.runs.loggers import open_log
from fdemd.runs.pairs_progress import pairs_progress
from fdemd.runs.results_log import log_results
from fdemd.scoring.open_set import OpenGallery, OpenSet, thresholds_of
from fdemd.settings.jobs import Evaluate

CLEAN = "clean"
"""Kind of query that thresholds are set on."""


def open_set(settings: Evaluate) -> OpenSetReport:
    """Take some people out of the gallery, search for everyone, and write both error rates to a new folder.

    Raises:
        InputError: a setting, a file or the data cannot be used.
    """
    config = settings.plain()
    started = time.perf_counter()
    second_stage, protocols = rerank_settings(config["rerank"]), check_protocols(config["protocols"])
    if index_settings(config["stage1"]):
        raise InputError(
            f"stage1.search is {config['stage1']['search']}; the open set compares every face, so that no error is the "
            "index's: stage1=exact."
        )
    if settings.align.method != "none":
        raise InputError("The open set compares plain cosines; leave align away.")
    _check_rank(config["open_set"]["rank"], second_stage)
    backbone = build_network(settings.model, settings.seed)
    if second_stage:
        check_second_stage(backbone, second_stage)
    described = describe_data(settings, backbone)
    outside = people_outside(described.faces.manifest, config["open_set"]["outside"], config["seed"])
    label = f"open_set-{model_label(config['model'])}-{config['data']['name']}"
    with run_folder(Path(str(config["output"])), label) as folder, open_log(config, folder, "evaluate") as log:
        data = described.embed()
        embedded = time.perf_counter()
        with torch.inference_mode():  # without gradients the transport runs one piece a core
            results, thresholds, gallery = _search(data, outside, second_stage, protocols, config)
        seconds = {"prepare and embed": embedded - started, "rank and re-rank": time.perf_counter() - embedded}
        origins = {kind: each.origin for kind, each in data.features.items()}
        report = OpenSetReport(
            config,
            second_stage,
            data.faces,
            results,
            thresholds,
            protocols,
            gallery,
            outside,
            backbone.weights_sha256,
            origins,
            seconds,
        )
        report.write(folder)
        log_results(log)
    return report


def _check_rank(rank: int, settings: RerankSettings | None) -> None:
    if settings and rank > settings.k:
        raise InputError(
            f"open_set.rank is {rank}, but only the first {settings.k} places are re-ranked; the two stages' scores "
            "are not on one scale. Give open_set.rank up to k, or a larger k."
        )


def _search(
    data: EmbeddedData,
    outside: frozenset[str],
    settings: RerankSettings | None,
    protocols: Sequence[str],
    config: Mapping[str, Any],
) -> tuple[list[OpenSet], dict[str, list[float | None]], Searched]:
    """Search for everyone, once the faces are embedded; thresholds are those of the clean non-mated searches."""
    faces, kinds = data.faces, list(config["query"])
    known = inside(faces.manifest, faces.query_rows, outside)
    known_missed = inside(faces.manifest, faces.missed_rows, outside)
    strangers, people = faces.query_rows[~known], faces.query_rows[known]
    gallery_rows = faces.gallery_rows[inside(faces.manifest, faces.gallery_rows, outside)]
    if not len(strangers) or not len(gallery_rows):
        raise InputError(
            f"With the seed {config['seed']} nobody of {faces.manifest.root} who has a face is left "
            f"{'inside' if len(strangers) else 'outside'} the gallery; change open_set.outside or the seed."
        )
    features, labels = data.gallery(gallery_rows)
    view = patches_for(settings, data.backbone, features)
    searches = len(kinds) * len(faces.query_rows) + (0 if CLEAN in kinds else len(strangers))
    with pairs_progress(searches * settings.k if settings else None, shown=settings is not None) as on_progress:
        gallery = OpenGallery(view(features), labels, settings, config["open_set"]["rank"], on_progress)
        nonmated = {}
        for kind in dict.fromkeys([CLEAN, *kinds]):
            query, query_labels = data.query(kind, strangers)
            nonmated[kind] = gallery.nonmated(view(query), query_labels, data.missed(kind)[~known_missed])
        results = []
        for kind in kinds:
            query, query_labels = data.query(kind, people)
            mated = gallery.mated(view(query), query_labels, data.missed(kind)[known_missed], protocols)
            results += [
                OpenSet(kind, protocol, found, nonmated[kind], lone)
                for protocol, (found, lone) in mated.items()
                if len(found)
            ]
    if not results:
        raise InputError(
            f"No query of the people inside the gallery has another photograph of its person there "
            f"({faces.manifest.root}); give people with two photographs or more."
        )
    grid = (settings and settings.grid) or features.grid
    searched = Searched(gallery_rows, len(labels.identity.unique()), grid)
    return results, thresholds_of(nonmated[CLEAN]), searched
