"""Two photographs -> faces, features, explanation, files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from fdemd.backbones import Backbone
from fdemd.backbones.convnet import RANDOM
from fdemd.checkpoints import sha256_of
from fdemd.data.datamodule import FaceBatch
from fdemd.embedding.data import build_network
from fdemd.embedding.embed import check_dtype, embed_batch
from fdemd.errors import InputError
from fdemd.faces.alignment import AlignedFace
from fdemd.faces.landmarks import check_detector
from fdemd.faces.photographs import Way, face_in
from fdemd.faces.reading import UnreadableImageError, read_image
from fdemd.features import Features
from fdemd.files.text import shown
from fdemd.report.explanation import print_explanation, write_explanation
from fdemd.report.explanation_picture import save_explanation, save_weightings
from fdemd.report.labels import model_label
from fdemd.retrieval.pair_similarity import patches_for
from fdemd.retrieval.settings import rerank_settings
from fdemd.runs.files import run_folder, write_yaml
from fdemd.scoring.explanation import Explanation, explain_pair, weights_of_pair
from fdemd.settings.checking import check_settings
from fdemd.settings.jobs import Evaluate


def explain(query: Path, gallery: Path, config: Mapping[str, Any], output: Path) -> Explanation:
    """Explain a pair of photographs and write everything to a new folder below ``output``.

    Args:
        query: photograph.
        gallery: photograph.
        config: as :func:`fdemd.jobs.explain_command.pair_config` gives it.
        output: folder.

    Raises:
        InputError: a setting or a photograph cannot be used.
    """
    checked, settings = check_settings(Evaluate, config), rerank_settings(config["rerank"])
    assert settings and checked.rerank.method == "emd"
    alpha = settings.fixed_alpha
    dtype, detector = check_dtype(config["features"]["dtype"]), check_detector(config["data"]["detector"])
    backbone = build_network(config)
    way = Way(backbone.alignment, backbone.face_size, detector)
    (query_face, notes), (gallery_face, more) = (_face(path, way) for path in (query, gallery))
    notes += more
    one, other = (_features(backbone, face, dtype) for face in (query_face, gallery_face))
    view = patches_for(settings, backbone, one)
    one, other = view(one), view(other)
    explanation = explain_pair(one, other, settings)
    digests = {role: sha256_of(path) for role, path in (("query", query), ("gallery", gallery))}
    if digests["query"] == digests["gallery"]:
        notes.append("Both are the same photograph.")
    if explanation.fallback:
        notes.append("No patch of a face had a positive weight, so that its patches count the same.")
    if explanation.unfinished:
        notes.append("The transport stopped before it had converged.")
    if backbone.weights_sha256 == RANDOM:
        notes.append("The network's weights are random: these figures are those of an untrained network.")
    names = _short(query), _short(gallery)
    title = f"{names[0]} and {names[1]}: {model_label(checked.model)}, weighting {settings.weighting}"
    with run_folder(output, f"explain-{model_label(checked.model)}") as folder:
        facts = {
            "photographs": {"query": str(query), "gallery": str(gallery), "sha256": digests},
            "model": {"name": model_label(checked.model), "weights_sha256": backbone.weights_sha256},
            "detector": detector,
            "patch_precision": config["features"]["dtype"],
        }
        write_explanation(folder, explanation, checked.rerank, facts, notes)
        write_yaml(folder / "config.yaml", {key: config[key] for key in ("model", "rerank", "seed")})
        scores = (
            f"cosine {explanation.cosine:.3f}, Earth Mover's similarity {explanation.emd:.3f}, "
            f"mixed {explanation.mixed:.3f} (alpha {alpha:g})"
        )
        faces = query_face.image, gallery_face.image
        save_explanation(folder / "explanation.png", *faces, explanation, names, f"{title}\n{scores}")
        pooled = [each.pooled(settings.grid) if settings.grid else each for each in (one, other)]
        weights = weights_of_pair(pooled[0], pooled[1])
        save_weightings(folder / "weightings.png", *faces, weights, explanation.grid, names)
        print_explanation(explanation, checked.rerank, title, notes)
        print(shown(f"Every number and two pictures are in {folder}/"))
    return explanation


def _face(path: Path, way: Way) -> tuple[AlignedFace, list[str]]:
    """The face of a photograph, and what is to be said about it.

    Raises:
        InputError: it cannot be read, or shows no face.
    """
    try:
        face, count = face_in(read_image(path), way, aligned=False)
    except UnreadableImageError as error:
        raise InputError(f"The photograph {path} cannot be read: {error}.") from error
    if face is None:
        raise InputError(f"The detector {way.detector} finds no face in {path}; try another photograph or detector.")
    if count > 1:
        return face, [f"{path} shows {count} faces; the largest near the centre was taken."]
    return face, []


@torch.inference_mode()
def _features(backbone: Backbone, face: AlignedFace, dtype: torch.dtype) -> Features:
    height, width = face.image.shape[:2]
    batch = FaceBatch(
        face=torch.from_numpy(face.image).permute(2, 0, 1).float()[None] / 255,
        landmarks=(torch.from_numpy(face.landmarks) / torch.tensor([width, height]))[None],
        row=torch.zeros(1, dtype=torch.long),
    )
    return embed_batch(backbone, batch, dtype)


def _short(path: Path) -> str:
    """The file's name after its folder's, cut to what fits below a face."""
    name = "/".join(path.parts[-2:])
    return name if len(name) <= 24 else f"...{name[-21:]}"
