"""``python evaluate.py data=lfw_pairs``: do two photographs show one person? No network is trained here."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from pytorch_lightning import seed_everything
from torch import Tensor

from fdemd.backbones import Backbone, build_backbone
from fdemd.cache.features import FeatureStore
from fdemd.cache.place import cache_folder
from fdemd.data.accounting import account
from fdemd.data.aligned import AlignedFaces, aligned_faces
from fdemd.data.datamodule import FaceDataset
from fdemd.data.pairs import Pairs, read_pairs
from fdemd.data.sources import pairs_manifest
from fdemd.embedding.data import single_device_trainer
from fdemd.embedding.embed import check_dtype, embed
from fdemd.embedding.normalization import describe_alignment
from fdemd.errors import InputError
from fdemd.faces.queries import QueryMaker
from fdemd.features import Features
from fdemd.files.home import expanded
from fdemd.report.labels import model_label
from fdemd.report.verification import VerificationReport
from fdemd.retrieval.settings import RAW, rerank_settings
from fdemd.runs.files import run_folder
from fdemd.runs.loggers import open_log
from fdemd.runs.results_log import log_results
from fdemd.scoring.pairs import judge, pair_scores
from fdemd.settings.jobs import Evaluate


class WithMirrored(Backbone):
    """A network whose embedding is the face's and, behind it, its mirror image's (spec 1.3); patches as ever."""

    def __init__(self, backbone: Backbone) -> None:
        super().__init__()
        self.backbone = backbone
        self.face_size, self.alignment = backbone.face_size, backbone.alignment
        self.weights_sha256 = backbone.weights_sha256

    def forward(self, faces: Tensor) -> Features:
        """Embeddings ``(B, 2 * D)`` and the network's own patches."""
        found = self.backbone(faces)
        both = torch.cat([found.embedding, self.backbone(faces.flip(-1)).embedding], dim=1)
        return Features(both, found.patches, found.grid, found.landmarks)


def verify(settings: Evaluate) -> VerificationReport:
    """Run what a list of pairs in ``configs/data`` and the command line ask for, and write it to a new folder.

    Photographs are compared as they are; the kinds of query are for identification.

    Raises:
        InputError: a setting, a file or the data cannot be used.
    """
    config = settings.plain()
    started = time.perf_counter()
    data, second_stage = config["data"], rerank_settings(config["rerank"])
    if second_stage and (isinstance(second_stage.alpha, str) or second_stage.patches != RAW):
        raise InputError(
            "Pairs are compared by raw patches, with an alpha that is a number; use rerank.patches=raw and, say, "
            "rerank.alpha=0.7."
        )
    pairs = read_pairs(expanded(data["pairs"]), pairs_manifest(data["name"], data["manifest"], data["root"]))
    if pairs.fold.max() == 0:
        raise InputError(
            f"{data['pairs']} has one fold only, and the threshold of a fold is chosen on the others; give a list with "
            "several, such as LFW's pairs.txt."
        )
    seed_everything(config["seed"], verbose=False)  # for networks with random weights
    network = build_backbone(**config["model"])
    backbone = WithMirrored(network).eval() if data["flip"] else network
    described = describe_alignment(config, pairs.manifest, gallery=False)
    cache = cache_folder(data["cache"])
    label = f"{model_label(settings.model)}-{settings.data.name}"
    with (
        run_folder(Path(config["output"]), label) as folder,
        open_log(settings.logger, folder, "evaluate", settings.plain()) as log,
    ):
        faces = aligned_faces(
            pairs.manifest,
            backbone.alignment,
            backbone.face_size,
            cache=cache,
            detector=data["detector"],
            num_workers=data["num_workers"],
        )
        known = {entry.row: entry for entry in pairs.without}
        faces = replace(faces, left_out=tuple(known.get(entry.row, entry) for entry in faces.left_out))
        aligned = time.perf_counter()
        without = torch.tensor([entry.row for entry in faces.left_out], dtype=torch.long)
        failed = torch.isin(pairs.first, without) | torch.isin(pairs.second, without)
        if failed.all():
            raise InputError(f"Not one of the {len(pairs)} pairs of {data['pairs']} has a face in both photographs.")
        first, second = pairs.first[~failed], pairs.second[~failed]
        rows = torch.cat([first, second]).unique()
        features, origin = _embed(backbone, faces, pairs, rows, cache, config)
        alignment = None
        if described:
            cohort = described.embed(network, single_device_trainer(config["trainer"]))
            unmirrored = features.embedding[:, : features.embedding.shape[1] // (2 if data["flip"] else 1)]
            alignment = described.build(network, cohort, unmirrored)
        embedded = time.perf_counter()
        places = torch.searchsorted(rows, first), torch.searchsorted(rows, second)
        with torch.inference_mode():  # without gradients the transport runs one piece a core
            aligner = alignment.aligner if alignment else None
            scores = pair_scores(features, *places, second_stage, mirrored=data["flip"], aligner=aligner)
        results = [
            judge(similarity, torch.zeros(len(pairs)).masked_scatter(~failed, score), pairs, failed)
            for similarity, score in scores.items()
        ]
        seconds = {
            "read_and_align": aligned - started,
            "embed": embedded - aligned,
            "compare": time.perf_counter() - embedded,
        }
        photographs = pairs.manifest.photographs
        report = VerificationReport(
            settings,
            pairs,
            failed,
            account(pairs.manifest, faces),
            faces.digest,
            [(photographs[entry.row].path, entry.problem, entry.reason) for entry in faces.left_out],
            results,
            features.grid,
            backbone.weights_sha256,
            origin,
            seconds,
            alignment,
        )
        report.write(folder)
        log_results(log)
    return report


def _embed(
    backbone: Backbone, faces: AlignedFaces, pairs: Pairs, rows: Tensor, cache: Path, config: Mapping[str, Any]
) -> tuple[Features, str]:
    """Features of rows of the manifest, in order, and where they came from."""
    data = config["data"]
    network = {**config["model"], "mirrored": data["flip"]}
    unchanged = QueryMaker("clean", backbone.face_size, config["seed"])
    embedded = embed(
        backbone,
        {"clean": FaceDataset(faces, pairs.manifest, rows, unchanged)},
        single_device_trainer(config["trainer"]),
        batch_size=data["batch_size"],
        num_workers=data["num_workers"],
        dtype=check_dtype(config["features"]["dtype"]),
        store=FeatureStore(cache, network) if config["features"]["store"] else None,
    )["clean"]
    return embedded.features, embedded.origin
