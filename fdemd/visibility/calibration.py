"""A calibration of one network: its estimator of visibility, and how far to trust the second stage by condition."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

from fdemd.backbones.backbone import Backbone
from fdemd.errors import InputError
from fdemd.features import Features
from fdemd.settings.checking import show
from fdemd.visibility.conditions import CONDITIONS
from fdemd.visibility.estimator import VisibilityEstimator
from fdemd.visibility.trust import expected_alpha

RANDOM = "random"
"""Instead of the sha256 of a weight file, where there is none."""


@dataclass(frozen=True)
class Calibration:
    """What ``rerank.alpha=calibrated`` goes by.

    Attributes:
        estimator: Tells what happened to a query.
        alphas: ``(K,)`` of each condition, in [0, 1].
        network: What tells the network from others: ``weights_sha256``, ``template``, and its ``name``.
        second_stage: Method and settings of the re-ranker that the alphas are for, those that decide a similarity.
        facts: Where it comes from: data, seed, versions, how good the estimator is.
        sha256: Of the file that it was read from; empty for one that was just made.
    """

    estimator: VisibilityEstimator
    alphas: Tensor
    network: Mapping[str, str]
    second_stage: Mapping[str, Any]
    facts: Mapping[str, Any] = field(default_factory=dict)
    sha256: str = ""

    def alphas_of(self, query: Features) -> Tensor:
        """Return the alpha of each query, ``(Q,)``.

        Args:
            query: Features of ``Q`` faces of the network.

        Raises:
            InputError: The features have another layout than those of the network.
        """
        return expected_alpha(self.estimator(query).condition, self.alphas)

    def check_network(self, backbone: Backbone, what: str) -> None:
        """Check that a network is the one that was calibrated.

        Args:
            backbone: The network.
            what: What the calibration is, as an error begins, such as ``The calibration FILE``.

        Raises:
            InputError: It is another one.
        """
        if self.network["weights_sha256"] != weights_of(backbone) or self.network["template"] != backbone.alignment:
            raise InputError(
                f"{what} is of the network {self.network['name']} with other weights or another alignment; make one "
                "for this network with fdemd calibrate."
            )

    def check_second_stage(self, wanted: Mapping[str, Any], what: str) -> None:
        """Check that a second stage is the one that was calibrated.

        Args:
            wanted: Method and settings, as :attr:`second_stage`.
            what: As for :meth:`check_network`.

        Raises:
            InputError: It is another one.
        """
        if dict(wanted) != dict(self.second_stage):
            ours, theirs = (
                " ".join(f"{name}={show(value)}" for name, value in stage.items() if other.get(name, ...) != value)
                for stage, other in ((wanted, self.second_stage), (self.second_stage, wanted))
            )
            raise InputError(
                f"{what} is for a second stage with {theirs}, and this one has {ours}; make one for it with fdemd "
                "calibrate and the same settings, or use rerank.alpha=auto."
            )

    @property
    def by_condition(self) -> dict[str, float]:
        """Condition -> its alpha, as plain values."""
        return {name: round(alpha, 4) for name, alpha in zip(CONDITIONS, self.alphas.tolist(), strict=True)}

    @property
    def in_words(self) -> str:
        """The alpha of each condition, such as ``clean 0, below 0.6``."""
        return ", ".join(f"{name} {alpha:g}" for name, alpha in self.by_condition.items())


def weights_of(backbone: Backbone) -> str:
    """Return what identifies a network's weights: the sha256 of their file or, for random ones, of the numbers."""
    return backbone.fingerprint() if backbone.weights_sha256 == RANDOM else backbone.weights_sha256
