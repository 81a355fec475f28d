"""Calibrations as rules of alpha: of a data set, of a gallery's own people by halves, and blind to a kind of cover."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from fdemd.embedding.covers import CoveredFaces
from fdemd.features import Features
from fdemd.repro.trust_measure import Rule
from fdemd.repro.trust_part import SEED, Part
from fdemd.scoring.covered_search import CoveredSearch
from fdemd.visibility.calibration import Calibration
from fdemd.visibility.covers.draw import ASKEW_COVERS, CHANGES
from fdemd.visibility.estimator import VisibilityEstimator
from fdemd.visibility.fit import fit_condition, fit_estimator

UNSEEN = ("scarf", "hand")
"""Covers that are no kind of query, and are left out together."""


def always(calibration: Calibration) -> Rule:
    """Return the rule of one calibration.

    Args:
        calibration: The calibration.
    """
    return lambda kind, query: calibration.alphas_of(query)


def by_half(part: Part, searched: CoveredSearch, estimator: VisibilityEstimator) -> Rule:
    """Calibrate a gallery on its own photographs, those of half of its people for the queries of the others.

    Args:
        part: The gallery.
        searched: Its photographs with drawn covers, and what they find.
        estimator: The one that came with fdemd for the network.
    """
    identity = searched.faces.labels.identity
    people = identity.unique()
    half = torch.randperm(len(people), generator=torch.Generator().manual_seed(SEED)) % 2

    def in_half(identity: Tensor, number: int) -> Tensor:
        return half[torch.searchsorted(people, identity)] == number

    made = [part.calibrated(searched[in_half(identity, number).nonzero()[:, 0]], estimator) for number in (0, 1)]
    asked = in_half(part.data.query("clean")[1].identity, 1)  # judged by what was found on the people of half 0

    def alphas(kind: str, query: Features) -> Tensor:
        return made[0].alphas_of(query).where(asked, made[1].alphas_of(query))

    return alphas


def fit_without(faces: CoveredFaces, kinds: Sequence[str]) -> dict[str, VisibilityEstimator]:
    """Return for each kind of query an estimator that was fitted as if there were no such cover.

    Where the kind covers nothing, the estimator tells the condition alone: there is no patch to judge it by.

    Args:
        faces: Clean and covered faces.
        kinds: Kinds of query; those that are never drawn as a cover are left out, and so is ``clean``.
    """
    found: dict[tuple[str, ...], VisibilityEstimator] = {}
    for out in dict.fromkeys(left_out(kind) for kind in kinds if kind != "clean"):
        (rows,) = torch.tensor([kind not in out for kind in faces.kinds]).nonzero(as_tuple=True)
        if len(rows) < len(faces):
            others = faces[rows]
            features, truth = others.features, others.truth
            found[out] = (
                fit_condition(features, truth.condition)
                if CHANGES.keys() & out
                else fit_estimator(features, truth.condition, truth.visible)
            )
    return {kind: found[left_out(kind)] for kind in kinds if left_out(kind) in found}


def left_out(kind: str) -> tuple[str, ...]:
    """Return the covers that an estimator is fitted without, for queries of one kind.

    >>> left_out("crop"), left_out("hand")
    (('crop',), ('scarf', 'hand', 'askew scarf', 'askew hand'))
    """
    kinds = UNSEEN if kind in UNSEEN else (kind,)
    return (*kinds, *(f"askew {each}" for each in kinds if f"askew {each}" in ASKEW_COVERS))


def without(calibration: Calibration, estimators: Mapping[str, VisibilityEstimator]) -> Rule:
    """Return the rule of a calibration that asks for each kind of query an estimator that was fitted without it.

    Args:
        calibration: Gives the alphas of the conditions.
        estimators: Kind -> its estimator; the rule does not know other kinds.
    """

    def alphas(kind: str, query: Features) -> Tensor | None:
        return replace(calibration, estimator=estimators[kind]).alphas_of(query) if kind in estimators else None

    return alphas
