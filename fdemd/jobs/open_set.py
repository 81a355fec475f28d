"""``python evaluate.py --rerank experiment=open_set``: searches for people who may not be in the gallery."""

from __future__ import annotations

import time
from pathlib import Path

import torch

from fdemd.data.evaluated import evaluated_data
from fdemd.data.outside import inside, people_outside
from fdemd.embedding.data import EmbeddedData, build_network, describe_data
from fdemd.errors import InputError
from fdemd.jobs.evaluate import check_second_stage
from fdemd.report.labels import model_label
from fdemd.report.open_set import OpenSetReport, SearchedGallery
from fdemd.retrieval.second_stage import second_stages
from fdemd.retrieval.two_stages import TwoStageSearch
from fdemd.runs.files import run_folder
from fdemd.runs.loggers import open_log
from fdemd.runs.pairs_progress import pairs_progress
from fdemd.runs.results_log import log_results
from fdemd.scoring.open_set import OpenSet, OpenSetSearch, measure_open_set, set_thresholds
from fdemd.settings.comparing import OpenSet as OpenSetSection
from fdemd.settings.jobs import Evaluate
from fdemd.settings.ranking import ExactSearch, Reranking, second_stage_of

CLEAN = "clean"
"""Kind of query that thresholds are set on."""


def open_set(settings: Evaluate) -> OpenSetReport:
    """Take some people out of the gallery, search for everyone, and write both error rates to a new folder.

    Raises:
        InputError: A setting, a file or the data cannot be used.
    """
    section = settings.open_set
    if section is None:
        raise InputError("There is no open set to search; add experiment=open_set.")
    started = time.perf_counter()
    rerank = second_stage_of(settings.rerank)
    if not isinstance(settings.stage1, ExactSearch):
        raise InputError(
            f"stage1.search is {settings.stage1.search}; the open set compares every face, so that no error is the "
            "index's: stage1=exact."
        )
    if settings.align.method != "none":
        raise InputError("The open set compares plain cosines; leave align away.")
    _check_rank(section.rank, rerank)
    backbone = build_network(settings.model, settings.seed)
    if rerank:
        check_second_stage(backbone, rerank)
    described = describe_data(settings, backbone)
    outside = people_outside(described.faces.manifest, section.outside, settings.seed)
    label = f"open_set-{model_label(settings.model)}-{settings.data.name}"
    with (
        run_folder(Path(settings.output), label) as folder,
        open_log(settings.logger, folder, "evaluate", settings.plain()) as log,
    ):
        data = described.embed()
        embedded = time.perf_counter()
        with torch.inference_mode():  # without gradients the transport runs one piece a core
            results, gallery = _search(data, outside, settings, section)
        seconds = {"prepare_and_embed": embedded - started, "rank_and_rerank": time.perf_counter() - embedded}
        report = OpenSetReport(
            settings,
            evaluated_data(data.faces),
            results,
            gallery,
            backbone.weights_sha256,
            {kind: each.origin for kind, each in data.features.items()},
            seconds,
        )
        report.write(folder)
        log_results(log)
    return report


def _check_rank(rank: int, rerank: Reranking | None) -> None:
    if rerank and rank > rerank.k:
        raise InputError(
            f"open_set.rank is {rank}, but only the first {rerank.k} places are re-ranked; the two stages' scores "
            "are not on one scale. Give open_set.rank up to k, or a larger k."
        )


def _search(
    data: EmbeddedData, outside: frozenset[str], settings: Evaluate, section: OpenSetSection
) -> tuple[list[OpenSet], SearchedGallery]:
    """Search for everyone, once the faces are embedded; thresholds are those of the clean non-mated searches."""
    faces, kinds = data.faces, list(settings.query)
    known = inside(faces.manifest, faces.query_rows, outside)
    known_missed = inside(faces.manifest, faces.missed_rows, outside)
    strangers, people = faces.query_rows[~known], faces.query_rows[known]
    gallery_rows = faces.gallery_rows[inside(faces.manifest, faces.gallery_rows, outside)]
    if not len(strangers) or not len(gallery_rows):
        raise InputError(
            f"With the seed {settings.seed} nobody of {faces.manifest.root} who has a face is left "
            f"{'inside' if len(strangers) else 'outside'} the gallery; change open_set.outside or the seed."
        )
    features, labels = data.gallery(gallery_rows)
    rerank = second_stage_of(settings.rerank)
    searches = len(kinds) * len(faces.query_rows) + (0 if CLEAN in kinds else len(strangers))
    with pairs_progress(searches * rerank.k if rerank else None, shown=rerank is not None) as on_progress:
        stages = second_stages(rerank, data.backbone)
        gallery = TwoStageSearch(
            features, labels, stages, backbone=data.backbone, compact=data.compact, on_progress=on_progress
        )
        search = OpenSetSearch(gallery, section.rank)
        nonmated = {}
        for kind in dict.fromkeys([CLEAN, *kinds]):
            query, query_labels = data.query(kind, strangers)
            nonmated[kind] = search.nonmated(query, query_labels, data.missed(kind)[~known_missed])
        thresholds, results = set_thresholds(nonmated[CLEAN]), []
        for kind in kinds:
            query, query_labels = data.query(kind, people)
            mated = search.mated(query, query_labels, data.missed(kind)[known_missed], settings.protocols)
            results += [
                measure_open_set(kind, protocol, found, nonmated[kind], lone, thresholds, settings.seed)
                for protocol, (found, lone) in mated.items()
                if len(found)
            ]
    if not results:
        raise InputError(
            f"No query of the people inside the gallery has another photograph of its person there "
            f"({faces.manifest.root}); give people with two photographs or more."
        )
    grid = stages[0].reranker.prepare(features[:1]).grid if stages else features.grid
    return results, SearchedGallery(gallery_rows, len(labels.identity.unique()), grid, outside)
