"""Sections ``data`` and ``augment``: which photographs, and what happens to the faces that are trained on."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from fdemd.settings.queries import MaskKind
from fdemd.settings.section import Place, Section, Text, at_least, that, within

Share = within(lambda share: 0 <= share <= 1, "it must lie between 0 (no face) and 1 (every face)")


DEFAULT_DETECTOR = "yunet"
"""Detector where none is named: in Python, in ``fdemd prepare`` and of a gallery.

The files of ``configs/data`` name theirs, since published figures depend on it."""


class Loading(Section):
    """How photographs are aligned and loaded; every choice of ``configs/data`` has these settings.

    Attributes:
        detector: Name of the face detector.
        batch_size: Number of faces in a batch.
        num_workers: Number of processes that read and change faces; 0 does it in the process that uses them.
        cache: Folder of aligned faces, features and similarities; None takes the usual one.
        mask_share: Share of training faces that get a mask on the fly; an evaluation has kinds of query instead.
    """

    detector: Literal["yunet", "dlib", "mtcnn"]
    batch_size: Annotated[int, at_least(1, "a batch has at least 1 face")]
    num_workers: Annotated[int, at_least(0, "it must be 0 (no extra process) or more")]
    cache: Place | None
    mask_share: Annotated[float, Share] = 0.0


class OrlData(Loading):
    """``configs/data/orl.yaml``."""

    name: Literal["orl"]
    root: Place | None


class FolderData(Loading):
    """``configs/data/folder.yaml``."""

    name: Literal["folder"]
    root: Place


class ManifestData(Loading):
    """``configs/data/manifest.yaml``."""

    name: Literal["manifest"]
    manifest: Text
    root: Place | None


class PreparedData(Loading):
    """A published set as ``fdemd prepare`` writes it."""

    name: Literal["lfw", "lfw1680", "calfw", "agedb", "cfp", "cfp_frontal", "talfw", "mlfw", "casia", "casia_masked"]
    manifest: Text


class PairsData(Loading):
    """Pairs of photographs to be verified."""

    name: Literal["pairs", "lfw_pairs", "calfw_pairs", "cfp_pairs", "mlfw_pairs"]
    manifest: Text | None
    root: Place | None
    pairs: Text
    flip: bool


Data = Annotated[OrlData | FolderData | ManifestData | PreparedData | PairsData, Field(discriminator="name")]


class Augment(Section):
    """Section ``augment`` of ``configs/train.yaml``."""

    flip: Annotated[float, Share]
    crop: Annotated[float, within(lambda crop: 0 <= crop <= 0.9, "it must lie between 0 (nothing is cut off) and 0.9")]
    mask_kinds: Annotated[list[MaskKind], that(bool, "choose one kind of mask or more")]
