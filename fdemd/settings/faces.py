"""Sections ``data``, ``query`` and ``augment``: which photographs, and what happens to them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from fdemd.settings.networks import Network
from fdemd.settings.section import Section, Text, at_least, that, within

MaskKind = Literal["surgical", "cloth", "n95", "kn95"]
GlassesStyle = Literal["wayfarer", "aviator", "round", "sport"]
Share = within(lambda share: 0 <= share <= 1, "it must lie between 0 (no face) and 1 (every face)")


class _Loading(Section):
    """What all data have."""

    detector: Literal["dlib", "mtcnn"]
    batch_size: Annotated[int, at_least(1, "a batch has at least 1 face")]
    num_workers: Annotated[int, at_least(0, "it must be 0 (no extra process) or more")]
    cache: Text | None
    mask_share: Annotated[float, Share] = 0.0


class OrlData(_Loading):
    """``configs/data/orl.yaml``."""

    name: Literal["orl"]
    root: Text | None


class FolderData(_Loading):
    """``configs/data/folder.yaml``."""

    name: Literal["folder"]
    root: Text


class ManifestData(_Loading):
    """``configs/data/manifest.yaml``."""

    name: Literal["manifest"]
    manifest: Text
    root: Text | None


class PreparedData(_Loading):
    """A published set as ``fdemd prepare`` leaves it."""

    name: Literal["lfw", "lfw1680", "calfw", "agedb", "cfp", "cfp_frontal", "talfw", "mlfw", "casia", "casia_masked"]
    manifest: Text


class PairsData(_Loading):
    """Pairs of photographs to be verified."""

    name: Literal["pairs", "lfw_pairs", "calfw_pairs", "cfp_pairs", "mlfw_pairs"]
    manifest: Text | None
    root: Text | None
    pairs: Text
    flip: bool


Data = Annotated[OrlData | FolderData | ManifestData | PreparedData | PairsData, Field(discriminator="name")]


class CleanQuery(Section):
    """``configs/query/clean.yaml``: the faces as they are."""


class MaskQuery(Section):
    """``configs/query/mask.yaml``."""

    kinds: Annotated[list[MaskKind], that(bool, "choose one kind of mask or more")]


class SunglassQuery(Section):
    """``configs/query/sunglass.yaml``."""

    styles: Annotated[list[GlassesStyle], that(bool, "choose one style of sunglasses or more")]


class CropQuery(Section):
    """``configs/query/crop.yaml``."""

    side: Annotated[float, within(lambda side: 0 < side <= 1, "it must be above 0 and at most 1 (the paper has 0.7)")]


def _rises(limits: list[float], low: float, high: float) -> bool:
    return len(limits) == 2 and low <= limits[0] <= limits[1] <= high


class RotateQuery(Section):
    """``configs/query/rotate.yaml``."""

    degrees: Annotated[
        list[float], that(lambda limits: _rises(limits, 0, 180), "it must be [smallest, largest] within 0 to 180")
    ]


class BlurQuery(Section):
    """``configs/query/blur.yaml``."""

    sigma: Annotated[
        list[float],
        that(
            lambda limits: _rises(limits, 1e-12, 0.2),
            "it must be [smallest, largest], above 0 and at most 0.2",
        ),
    ]


def _named(network: Any) -> Any:
    """A network may be given by its name alone."""
    return {"backbone": network} if isinstance(network, str) else network


class AdversarialQuery(Section):
    """``configs/query/adversarial.yaml``."""

    attack: Literal["fgsm", "pgd", "mi_fgsm"]
    goal: Literal["dodging", "impersonation"]
    budget: Annotated[int, that(lambda value: 1 <= value <= 255, "it must be a whole number from 1 to 255")]
    steps: Annotated[int, at_least(1, "it must be 1 or more")]
    step_size: Annotated[float, within(lambda size: 0 < size <= 255, "it must be above 0 and at most 255")] | None
    momentum: Annotated[float, within(lambda value: 0 <= value <= 10, "it must lie between 0 and 10")]
    model: Annotated[Network | None, BeforeValidator(_named)]


class Queries(Section):
    """The kinds of query of a run; those that are not asked for are None."""

    clean: CleanQuery | None = None
    mask: MaskQuery | None = None
    sunglass: SunglassQuery | None = None
    crop: CropQuery | None = None
    rotate: RotateQuery | None = None
    blur: BlurQuery | None = None
    adversarial: AdversarialQuery | None = None


class Augment(Section):
    """Section ``augment`` of ``configs/train.yaml``."""

    flip: Annotated[float, Share]
    crop: Annotated[float, within(lambda crop: 0 <= crop <= 0.9, "it must lie between 0 (nothing is cut off) and 0.9")]
    mask_kinds: Annotated[list[MaskKind], that(bool, "choose one kind of mask or more")]
