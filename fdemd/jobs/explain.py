"""Two photographs -> faces, features, explanation, files."""

from __future__ import annotations

from pathlib import Path

import torch

from fdemd.backbones import Backbone
from fdemd.backbones.convnet import RANDOM
from fdemd.backbones.projection import patches_for
from fdemd.checkpoints import sha256_of
from fdemd.embedding.data import build_network
from fdemd.embedding.embed import embed
from fdemd.errors import InputError
from fdemd.faces.alignment import AlignedFace
from fdemd.faces.photographs import align_and_count
from fdemd.features import Features
from fdemd.files.text import to_printable
from fdemd.report.explanation import print_explanation, write_explanation
from fdemd.report.explanation_picture import save_explanation, save_weightings
from fdemd.report.labels import model_label
from fdemd.runs.files import run_folder, write_yaml
from fdemd.scoring.explanation import Explanation, explain, weights_of_pair
from fdemd.settings.jobs import Evaluate
from fdemd.settings.ranking import EmdRerank


def explain_photographs(settings: Evaluate, query: Path, gallery: Path, output: Path) -> Explanation:
    """Explain a pair of photographs and write everything to a new folder below ``output``.

    Args:
        settings: Settings of an evaluation, which re-ranks by the Earth Mover's Distance.
        query: Photograph of the query.
        gallery: Photograph that it is compared with.
        output: Folder in which the new folder is made.

    Raises:
        InputError: A setting or a photograph cannot be used.
    """
    second_stage = settings.rerank
    if not isinstance(second_stage, EmdRerank):
        raise InputError("Only the Earth Mover's Distance says which patches make two faces similar; use rerank=emd.")
    alpha = second_stage.fixed_alpha  # auto is refused before a network is built
    backbone = build_network(settings.model, settings.seed)
    (query_face, in_query), (gallery_face, in_gallery) = (
        align_and_count(photograph, backbone, detector=settings.data.detector) for photograph in (query, gallery)
    )
    faces = query_face.image, gallery_face.image
    one, other = _embed(backbone, (query_face, gallery_face), settings.features.dtype, second_stage)
    explanation = explain(
        one,
        other,
        alpha=alpha,
        weighting=second_stage.weighting,
        eps=second_stage.eps,
        stop=second_stage.stop,
        tolerance=second_stage.tolerance,
    )
    digests = {"query": sha256_of(query), "gallery": sha256_of(gallery)}
    notes = [
        f"{path} shows {count} faces; the largest near the centre was taken."
        for path, count in ((query, in_query), (gallery, in_gallery))
        if count > 1
    ]
    notes += _notes(explanation, backbone, same_photograph=digests["query"] == digests["gallery"])
    names, network = (_short(query), _short(gallery)), model_label(settings.model)
    title = f"{names[0]} and {names[1]}: {network}, weighting {second_stage.weighting}"
    with run_folder(output, f"explain-{network}") as folder:
        facts = {
            "photographs": {"query": str(query), "gallery": str(gallery), "sha256": digests},
            "model": {"name": network, "weights_sha256": backbone.weights_sha256},
            "detector": settings.data.detector,
            "patch_precision": settings.features.dtype,
        }
        write_explanation(folder, explanation, second_stage, facts, notes)
        config = settings.plain()
        write_yaml(folder / "config.yaml", {key: config[key] for key in ("model", "rerank", "seed")})
        scores = (
            f"cosine {explanation.cosine:.3f}, Earth Mover's similarity {explanation.emd:.3f}, "
            f"mixed {explanation.mixed:.3f} (alpha {alpha:g})"
        )
        save_explanation(folder / "explanation.png", *faces, explanation, names, f"{title}\n{scores}")
        save_weightings(folder / "weightings.png", *faces, weights_of_pair(one, other), explanation.grid, names)
        print_explanation(explanation, second_stage, title, notes)
        print(to_printable(f"Every number and two pictures are in {folder}/"))
    return explanation


@torch.inference_mode()
def _embed(
    backbone: Backbone, faces: tuple[AlignedFace, AlignedFace], dtype: str, settings: EmdRerank
) -> tuple[Features, Features]:
    """Features of both faces with the patches that the second stage compares."""
    one, other = (embed(backbone, face, dtype=dtype) for face in faces)
    view = patches_for(settings.patches, backbone, one)
    one, other = view(one), view(other)
    return (one.pooled(settings.grid), other.pooled(settings.grid)) if settings.grid else (one, other)


def _notes(explanation: Explanation, backbone: Backbone, *, same_photograph: bool) -> list[str]:
    """What a reader of the figures should know."""
    notes = [
        (same_photograph, "Both are the same photograph."),
        (explanation.fallback, "No patch of a face had a positive weight, so that its patches count the same."),
        (explanation.unfinished, "The transport stopped before it had converged."),
        (
            backbone.weights_sha256 == RANDOM,
            "The network's weights are random: these figures are those of an untrained network.",
        ),
    ]
    return [note for holds, note in notes if holds]


def _short(path: Path) -> str:
    """The file's name after its folder's, cut to what fits below a face."""
    name = "/".join(path.parts[-2:])
    return name if len(name) <= 24 else f"...{name[-21:]}"
