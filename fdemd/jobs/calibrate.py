"""``fdemd calibrate``: what tells covered faces from clean ones to a network, and how far to trust stage 2 then."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from fdemd.data.manifest import check_identities
from fdemd.embedding.covers import CoveredFaces, embed_covers
from fdemd.embedding.data import DataDescription, EmbeddedData, build_network, describe_data
from fdemd.errors import InputError
from fdemd.jobs.evaluate import check_second_stage
from fdemd.report.labels import model_label
from fdemd.runs.files import run_folder, versions
from fdemd.runs.pairs_progress import pairs_progress
from fdemd.scoring.calibration import Calibrated, calibrate_searched
from fdemd.scoring.covered_search import CoveredSearch, search_covered
from fdemd.settings.jobs import Evaluate
from fdemd.settings.ranking import EmdRerank, Reranking, second_stage_of
from fdemd.visibility.covers.draw import ASKEW_COVERS, COVERS
from fdemd.visibility.covers.maker import CoverMaker
from fdemd.visibility.estimator import VisibilityEstimator
from fdemd.visibility.store import shipped_estimator, write_calibration

MOST_PHOTOGRAPHS = 2000
"""Photographs of a gallery, at most, that covers are drawn on; of more, some people are drawn by the seed."""
_FEWEST_DRAWS, _MOST_DRAWS, _COVERED = 3, 10, 6000
"""Covers that are drawn on each photograph: as many as make this number of covered faces, within these bounds."""


def calibrate(settings: Evaluate) -> Path:
    """Calibrate a network and a second stage on a gallery's own photographs, and write the file to a new folder.

    Args:
        settings: Settings of an evaluation; the gallery of its data, its network and its second stage are taken.

    Returns:
        The file.

    Raises:
        InputError: A setting, a file or the data cannot be used.
    """
    rerank = second_stage_of(settings.rerank)
    if rerank is None:
        raise InputError(
            "A calibration says how far to trust the second stage; leave --no-rerank and rerank=none away."
        )
    settings.features.check_full("A calibration is made of")
    if isinstance(rerank, EmdRerank) and rerank.sees_covers:
        raise InputError(
            "A calibration is made with all patches alike, and then serves rerank.visible too; use "
            "rerank.visible=ignored."
        )
    rerank = rerank.measure()
    settings = settings.model_copy(update={"query": {}, "copies": []})
    backbone = build_network(settings.model, settings.seed)
    check_second_stage(backbone, rerank)
    described = describe_data(settings, backbone)
    with run_folder(Path(settings.output), f"calibration-{model_label(settings.model)}-{settings.data.name}") as folder:
        data = described.embed()
        estimator = shipped_estimator(backbone, data.features["clean"].features)
        name = model_label(settings.model)
        searched = search_photographs(data, cover_photographs(described, data, drawn_rows(data, settings.seed)), rerank)
        found = calibrate_photographs(described, data, searched, rerank, name, estimator)
        file = folder / f"calibration_{model_label(settings.model)}.safetensors"
        write_calibration(found.calibration, file)
    print(found.summary(), flush=True)
    print(f"Use it with rerank.alpha=calibrated rerank.calibration={file}", flush=True)
    return file


def cover_photographs(described: DataDescription, data: EmbeddedData, rows: Tensor) -> CoveredFaces:
    """Draw the covers of a calibration on some photographs, and embed them.

    Args:
        described: The data.
        data: The same, embedded.
        rows: Rows of the manifest, of the gallery.
    """
    kinds, draws = tuple(COVERS | ASKEW_COVERS), range(1, draws_on(len(rows)) + 1)
    makers = [CoverMaker(kinds, seed=described.settings.seed, draw=number) for number in draws]
    return embed_covers(described, data, rows, makers)


def search_photographs(data: EmbeddedData, faces: CoveredFaces, rerank: Reranking) -> CoveredSearch:
    """Let photographs with drawn covers search the whole gallery.

    Args:
        data: The data, embedded.
        faces: The photographs, as :func:`cover_photographs` gives them.
        rerank: Settings of the second stage.

    Raises:
        InputError: Nobody has two photographs, or the re-ranker cannot be used.
    """
    with torch.inference_mode(), pairs_progress(None) as on_progress:
        return search_covered(faces, *data.gallery(), rerank, backbone=data.backbone, on_progress=on_progress)


@torch.inference_mode()
def calibrate_photographs(
    described: DataDescription,
    data: EmbeddedData,
    searched: CoveredSearch,
    rerank: Reranking,
    name: str,
    estimator: VisibilityEstimator | None,
) -> Calibrated:
    """Calibrate on photographs with drawn covers that searched the whole gallery.

    Args:
        described: The data.
        data: The same, embedded.
        searched: The photographs, as :func:`search_photographs` gives them, or some of them.
        rerank: Settings of the second stage.
        name: Name of the network, for people.
        estimator: The one that came with fdemd for the network: it saw more people than most galleries have. None fits
            one on these photographs.
    """
    faces, seed = searched.faces, described.settings.seed
    photographs = int((faces.labels.picture >= 0).sum())  # each is there without a cover too
    facts = {
        "data": described.settings.data.name,
        "data_sha256": data.faces.faces.digest,
        "photographs": photographs,
        "people": len(faces.labels.identity.unique()),
        "draws": len(faces) // photographs - 1,
        "estimator": "fitted on these photographs" if estimator is None else "came with fdemd",
        "seed": seed,
        "versions": {name: number for name, number in versions().items() if name != "commit"},
    }
    return calibrate_searched(
        searched, rerank, backbone=data.backbone, name=name, estimator=estimator, seed=seed, facts=facts
    )


def draws_on(photographs: int) -> int:
    """Return the number of covers that a calibration draws on each photograph: the fewer there are, the more.

    Args:
        photographs: Number of photographs.

    Example:
        >>> draws_on(10), draws_on(400), draws_on(2000)
        (10, 10, 3)
    """
    return min(max(_FEWEST_DRAWS, -(-_COVERED // photographs)), _MOST_DRAWS)


def drawn_rows(data: EmbeddedData, seed: int) -> Tensor:
    """Return the rows of the gallery that a calibration takes: all, or those of people drawn by the seed.

    Args:
        data: The data.
        seed: Seed of the draw.

    Raises:
        InputError: Fewer than two people are left.
    """
    photographs, rows = data.faces.manifest.photographs, data.faces.gallery_rows.tolist()
    if len(rows) > MOST_PHOTOGRAPHS:
        people: dict[str, list[int]] = {}
        for row in rows:
            people.setdefault(photographs[row].identity, []).append(row)
        # People with two photographs or more first: only their queries can be answered.
        names = sorted(people, key=lambda name: (len(people[name]) < 2, name))
        several = sum(len(people[name]) > 1 for name in names)
        generator = torch.Generator().manual_seed(seed)
        order = [*torch.randperm(several, generator=generator).tolist(), *range(several, len(names))]
        rows = [row for number in order for row in people[names[number]]][:MOST_PHOTOGRAPHS]
    check_identities((photographs[row] for row in rows), f"The gallery of {data.faces.manifest.root}")
    return torch.tensor(sorted(rows))
