"""``python evaluate.py --rerank``: embed once, rank, re-rank, report. No network is trained here."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import torch
from pytorch_lightning import Trainer, seed_everything
from pytorch_lightning.utilities.exceptions import MisconfigurationException
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from torch import Tensor

from fdemd.adversarial import ADVERSARIAL, Adversary
from fdemd.backbones import Backbone, build_backbone
from fdemd.data.datamodule import FaceDataModule
from fdemd.data.feature_store import FeatureStore
from fdemd.data.settings import data_settings
from fdemd.data.sources import build_manifest
from fdemd.embedding import EmbeddedFaces, check_dtype, embed
from fdemd.emd import Transport, emd_similarity
from fdemd.errors import InputError, unknown
from fdemd.features import Features
from fdemd.identification import Comparison, PairSimilarity, RerankSettings, compare_stages, labels_of
from fdemd.report.files import run_folder
from fdemd.report.identification import IdentificationReport, model_label
from fdemd.report.loggers import open_log
from fdemd.report.quiet import quiet_lightning
from fdemd.report.results_log import log_results
from fdemd.retrieval.faiss_search import FaissIndex, IndexSettings, index_settings
from fdemd.retrieval.protocol import check_protocol


def evaluate(config: Mapping[str, Any]) -> IdentificationReport:
    """Run what ``configs/evaluate.yaml`` and the command line ask for, and write it to a new folder.

    Raises:
        InputError: a setting, a file or the data cannot be used.
    """
    started = time.perf_counter()
    settings, stage1 = rerank_settings(config["rerank"]), index_settings(config["stage1"])
    protocols = [check_protocol(protocol) for protocol in config["protocols"]]
    if not protocols:
        raise InputError("protocols is empty; give at least one, such as protocols=[leave-twin-out].")
    if not 0 <= config["seed"] < 2**32:
        raise InputError(f"seed is {config['seed']}; it must lie between 0 and 4294967295.")
    dtype = check_dtype(config["features"]["dtype"])
    trainer = single_device_trainer(config["trainer"])
    seed_everything(config["seed"], verbose=False)  # for networks with random weights
    backbone = build_backbone(**config["model"])
    if settings:
        _check_second_stage(backbone, settings)
    adversary = _adversary(config, backbone, trainer.strategy.root_device)
    faces = _faces(config, backbone, adversary)
    label = f"{model_label(config['model'])}-{config['data']['name']}"
    with run_folder(Path(str(config["output"])), label) as folder, open_log(config, folder, "evaluate") as log:
        faces.setup("test")
        features = embed(
            backbone,
            faces.test_sets(),
            trainer,
            batch_size=faces.batch_size,
            num_workers=faces.num_workers,
            dtype=dtype,
            store=FeatureStore(faces.cache, config["model"]) if config["features"]["store"] else None,
        )
        embedded = time.perf_counter()
        with torch.inference_mode():  # without gradients the transport runs one piece a core
            comparisons = _identify(features, faces, settings, protocols, stage1, config)
        seconds = {"prepare and embed": embedded - started, "rank and re-rank": time.perf_counter() - embedded}
        remark = partial(adversary.remark, faces) if adversary else lambda _: None
        origins = {kind: each.origin for kind, each in features.items()}
        report = IdentificationReport(
            config, settings, faces, comparisons, protocols, backbone.weights_sha256, origins, seconds, remark
        )
        report.write(folder, partial(_transport, features, settings))
        log_results(log)
    return report


@torch.inference_mode()
def _check_second_stage(backbone: Backbone, settings: RerankSettings) -> None:
    """Re-rank one blank face, so that a grid or weighting that this network cannot have fails now, not in an hour."""
    blank = backbone(torch.zeros(1, 3, *backbone.face_size))
    blank = Features(blank.embedding, blank.patches, blank.grid, torch.zeros(1, 68, 2))
    PairSimilarity(blank, blank, settings)(torch.zeros(1, 1, dtype=torch.long))


def _adversary(config: Mapping[str, Any], backbone: Backbone, device: torch.device) -> Adversary | None:
    """What makes the adversarial queries, if there are any."""
    settings = config["query"].get(ADVERSARIAL)
    if settings is None:
        return None
    cache = data_settings(config["data"]).loading["cache"]
    return Adversary(backbone, settings, seed=config["seed"], cache=cache, device=device)


def _faces(config: Mapping[str, Any], backbone: Backbone, adversary: Adversary | None) -> FaceDataModule:
    settings = data_settings(config["data"])
    return FaceDataModule(
        build_manifest(**settings.source),
        {kind: how for kind, how in config["query"].items() if kind != ADVERSARIAL},
        alignment=backbone.alignment,
        face_size=backbone.face_size,
        seed=config["seed"],
        made_ahead={ADVERSARIAL: adversary} if adversary else {},
        **settings.loading,
    )


def _identify(
    features: Mapping[str, EmbeddedFaces],
    faces: FaceDataModule,
    settings: RerankSettings | None,
    protocols: Sequence[str],
    stage1: IndexSettings | None,
    config: Mapping[str, Any],
) -> list[Comparison]:
    """Compare the stages for every kind of query, once its faces are embedded."""
    gallery = features["clean"].at(faces.gallery_rows)
    gallery_labels = labels_of(faces.manifest, faces.gallery_rows, occluded=False)
    index = FaissIndex(stage1, gallery.embedding, config["seed"]) if stage1 else None
    comparisons: list[Comparison] = []
    with _progress(settings, len(config["query"]) * len(faces.query_rows)) as on_progress:
        for kind in config["query"]:
            comparisons += compare_stages(
                kind,
                features[kind].at(faces.query_rows),
                labels_of(faces.manifest, faces.query_rows, occluded=kind != "clean"),
                gallery,
                gallery_labels,
                settings=settings,
                protocols=protocols,
                missed=labels_of(faces.manifest, faces.missed_rows, occluded=kind != "clean"),
                index=index,
                legacy_self_count=config["legacy_self_count"],
                seed=config["seed"],
                on_progress=on_progress,
            )
    if not any(comparison.queries for comparison in comparisons):
        raise InputError(
            f"No query in {faces.manifest.root} has another photograph of its person in the gallery, so that nothing "
            "can be found; give people with two photographs or more."
        )
    return comparisons


def _transport(
    features: Mapping[str, EmbeddedFaces],
    settings: RerankSettings | None,
    kind: str,
    query_row: Tensor,
    best_row: Tensor,
) -> Transport | None:
    """The flow from one query to one gallery face, as stage 2 sees it; for the picture."""
    if settings is None:
        return None
    query, best = features[kind].at(query_row), features["clean"].at(best_row)
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


def rerank_settings(rerank: Mapping[str, Any]) -> RerankSettings | None:
    """Settings of the second stage as ``configs/rerank`` has them; None for ``rerank=none``.

    Raises:
        InputError: unknown method or a setting out of range.
    """
    settings = dict(rerank)
    method = settings.pop("method")
    if method not in ("emd", "none"):
        raise unknown("re-ranking method", method, ("emd", "none"))
    if method == "none":
        return None
    grid = settings.pop("grid")
    return RerankSettings(**settings, grid=tuple(grid) if isinstance(grid, list) else grid)


def single_device_trainer(settings: Mapping[str, Any]) -> Trainer:
    """A trainer in one process: ranking needs every feature in one place, and nothing may be embedded twice.

    Raises:
        InputError: this machine has no such device, or Lightning no such precision.
    """
    quiet_lightning()
    try:
        return Trainer(**settings, devices=1, logger=False, enable_checkpointing=False, enable_model_summary=False)
    except (MisconfigurationException, ValueError, ImportError) as error:
        raise InputError(f"The trainer cannot be set up: {error}") from error


@contextmanager
def _progress(settings: RerankSettings | None, queries: int) -> Iterator[Callable[[int], None]]:
    """A bar over (query, candidate) pairs; its total is a guess, as protocols beyond the first add some pairs."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, disable=settings is None) as progress:
        task = progress.add_task("Re-ranking pairs", total=queries * settings.k if settings else None)
        yield lambda pairs: progress.advance(task, pairs)
        progress.update(task, total=progress.tasks[task].completed)
