"""The gallery enrolled with copies: each face also with a cover drawn on it, and embedded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fdemd.backbones.backbone import Backbone
from fdemd.data.datamodule import FaceDataModule
from fdemd.data.dataset import FaceDataset
from fdemd.faces.queries import QueryMaker
from fdemd.features import Features
from fdemd.retrieval.copies import Copies, enrolled
from fdemd.settings.jobs import Evaluate
from fdemd.settings.queries import CropQuery, MaskQuery, SunglassQuery
from fdemd.settings.ranking import second_stage_of
from fdemd.settings.section import Section
from fdemd.visibility.conditions import Condition
from fdemd.visibility.estimator import VisibilityEstimator
from fdemd.visibility.store import find_calibration

DRAWN: Mapping[str, Section] = {
    "mask": MaskQuery(kinds=["surgical", "n95", "kn95"]),
    "sunglass": SunglassQuery(styles=["wayfarer", "aviator", "round"]),
    "crop": CropQuery(side=0.7),
}
"""Kind of copy -> how it is drawn. Masks of cloth and sport glasses are kept for queries, to measure with what no copy
has."""
LIKE: Mapping[str, Condition] = {"mask": "below", "sunglass": "above", "crop": "cut"}
"""Kind of copy -> condition of the queries that are compared with it."""


def copy_sets(faces: FaceDataModule, kinds: Sequence[str], seed: int) -> dict[str, FaceDataset]:
    """Return the faces of the gallery with each kind of cover drawn on them, by kind.

    Args:
        faces: Queries and gallery, set up.
        kinds: Names in :data:`DRAWN`.
        seed: Seed of the run. The copies have another, so that none is the very picture of a query.
    """
    return {
        kind: FaceDataset(
            faces.faces,
            faces.manifest,
            faces.gallery_rows,
            QueryMaker(kind, faces.face_size, seed + 1, DRAWN[kind]),
        )
        for kind in kinds
    }


def enrolled_copies(gallery: Features, copies: Mapping[str, Features], estimator: VisibilityEstimator) -> Copies:
    """Return the gallery enrolled with copies, as queries search it.

    Args:
        gallery: Features of ``G`` faces.
        copies: Kind of copy -> features of the same faces with it drawn on them.
        estimator: Tells what covers a query.
    """
    return Copies({LIKE[kind]: enrolled(gallery, each) for kind, each in copies.items()}, estimator)


def find_estimator(settings: Evaluate, backbone: Backbone) -> VisibilityEstimator | None:
    """Return what tells which queries are like the copies; None without copies.

    Args:
        settings: Settings of the run; ``rerank.calibration`` names the calibration.
        backbone: Network that they name.

    Raises:
        InputError: There is no calibration of this network.
    """
    if not settings.copies:
        return None
    rerank = second_stage_of(settings.rerank)
    return find_calibration("copies", rerank.calibration if rerank else None, backbone).estimator
