"""``python evaluate.py data=lfw_pairs``: do two photographs show one person? No network is trained here."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from fdemd.backbones import Backbone
from fdemd.backbones.projection import RAW
from fdemd.data.accounting import account
from fdemd.data.aligned import AlignedFaces
from fdemd.data.dataset import FaceDataset
from fdemd.data.pairs import Pairs, read_pairs
from fdemd.data.sources import pairs_manifest
from fdemd.embedding.data import build_network
from fdemd.embedding.normalization import describe_normalization
from fdemd.embedding.steps import align_photographs, embed_sets
from fdemd.embedding.trainer import single_device_trainer
from fdemd.errors import InputError
from fdemd.faces.queries import QueryMaker
from fdemd.features import Features
from fdemd.files.user_paths import expand_home
from fdemd.report.labels import model_label
from fdemd.report.verification import VerificationReport
from fdemd.runs.files import run_folder
from fdemd.runs.loggers import open_log
from fdemd.runs.results_log import log_results
from fdemd.scoring.pairs import evaluate_scores, pair_scores
from fdemd.settings.faces import PairsData
from fdemd.settings.jobs import Evaluate
from fdemd.settings.ranking import EmdRerank, second_stage_of


class WithMirrored(Backbone):
    """A network whose embedding is the face's and, behind it, its mirror image's; patches are the face's alone.

    This is how InsightFace and others evaluate verification.
    """

    def __init__(self, backbone: Backbone) -> None:
        """Wrap a network.

        Args:
            backbone: The network.
        """
        super().__init__()
        self.backbone = backbone
        self.face_size, self.alignment = backbone.face_size, backbone.alignment
        self.weights_sha256 = backbone.weights_sha256

    def forward(self, faces: Tensor) -> Features:
        """Return embeddings ``(B, 2 * D)`` and the network's own patches."""
        found = self.backbone(faces)
        both = torch.cat([found.embedding, self.backbone(faces.flip(-1)).embedding], dim=1)
        return Features(both, found.patches, found.grid, found.landmarks)


def verify(settings: Evaluate) -> VerificationReport:
    """Compare the pairs of a list and write the result to a new folder.

    Photographs are compared as they are; the kinds of query are for identification.

    Args:
        settings: Settings of an evaluation whose ``data`` are pairs.

    Raises:
        InputError: A setting, a file or the data cannot be used.
    """
    started = time.perf_counter()
    data, second_stage = settings.data, _second_stage(settings)
    assert isinstance(data, PairsData)  # job=verify takes no others
    pairs = _read_folds(data)
    network = build_network(settings.model, settings.seed)
    backbone = WithMirrored(network).eval() if data.flip else network
    described = describe_normalization(settings, pairs.manifest, gallery=False)
    trainer = single_device_trainer(settings.trainer)
    label = f"{model_label(settings.model)}-{data.name}"
    with (
        run_folder(Path(settings.output), label) as folder,
        open_log(settings.logger, folder, "evaluate", settings.plain()) as log,
    ):
        faces = _with_known_problems(align_photographs(pairs.manifest, backbone, data), pairs)
        aligned = time.perf_counter()
        failed = _failed(pairs, faces)
        if failed.all():
            raise InputError(f"Not one of the {len(pairs)} pairs of {data.pairs} has a face in both photographs.")
        first, second = pairs.first[~failed], pairs.second[~failed]
        rows = torch.cat([first, second]).unique()
        photographs = FaceDataset(faces, pairs.manifest, rows, QueryMaker("clean", backbone.face_size, settings.seed))
        embedded = embed_sets(settings, backbone, {"clean": photographs}, trainer, {"mirrored": data.flip})["clean"]
        features = embedded.features
        normalization = None
        if described:
            unmirrored = features.embedding[:, : features.embedding.shape[1] // (2 if data.flip else 1)]
            normalization = described.fit(network, described.embed(network, trainer), unmirrored)
        embedding_done = time.perf_counter()
        with torch.inference_mode():  # without gradients the transport runs one piece a core
            scores = pair_scores(
                features,
                torch.searchsorted(rows, first),
                torch.searchsorted(rows, second),
                second_stage,
                mirrored=data.flip,
                normalizer=normalization.normalizer if normalization else None,
            )
        results = [
            evaluate_scores(similarity, torch.zeros(len(pairs)).masked_scatter(~failed, score), pairs, failed)
            for similarity, score in scores.items()
        ]
        seconds = {
            "read_and_align": aligned - started,
            "embed": embedding_done - aligned,
            "compare": time.perf_counter() - embedding_done,
        }
        listed = pairs.manifest.photographs
        report = VerificationReport(
            settings,
            pairs,
            failed,
            account(pairs.manifest, faces),
            faces.digest,
            [(listed[entry.row].path, entry.problem, entry.reason) for entry in faces.left_out],
            results,
            features.grid,
            backbone.weights_sha256,
            embedded.origin,
            seconds,
            normalization,
        )
        report.write(folder)
        log_results(log)
    return report


def _second_stage(settings: Evaluate) -> EmdRerank | None:
    """The settings of the Earth Mover's similarity; refused where they need a gallery."""
    second_stage = second_stage_of(settings.rerank)
    if second_stage is None:
        return None
    if not isinstance(second_stage, EmdRerank):
        raise InputError(
            f"rerank={second_stage.method} orders a gallery, which pairs do not have; use rerank=emd or rerank=none."
        )
    settings.features.check_full("Pairs are compared by")
    if isinstance(second_stage.alpha, str) or second_stage.patches != RAW:
        raise InputError(
            "Pairs are compared by raw patches, with an alpha that is a number; use rerank.patches=raw and, say, "
            "rerank.alpha=0.7."
        )
    if second_stage.sees_covers:
        raise InputError("Pairs are compared by all patches alike; use rerank.visible=ignored.")
    return second_stage


def _read_folds(data: PairsData) -> Pairs:
    """The pairs, in two folds or more."""
    pairs = read_pairs(expand_home(data.pairs), pairs_manifest(data))
    if pairs.fold.max() == 0:
        raise InputError(
            f"{data.pairs} has one fold only, and the threshold of a fold is chosen on the others; give a list with "
            "several, such as LFW's pairs.txt."
        )
    return pairs


def _with_known_problems(faces: AlignedFaces, pairs: Pairs) -> AlignedFaces:
    """Faces whose absence is told as it was when the set was prepared."""
    known = {entry.row: entry for entry in pairs.without}
    return replace(faces, left_out=tuple(known.get(entry.row, entry) for entry in faces.left_out))


def _failed(pairs: Pairs, faces: AlignedFaces) -> Tensor:
    """Booleans ``(P,)``: pairs in which a face was not found."""
    without = torch.tensor([entry.row for entry in faces.left_out], dtype=torch.long)
    return torch.isin(pairs.first, without) | torch.isin(pairs.second, without)
