"""An estimator as a file: safetensors, with whom it was trained on and for which network."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from fdemd.checkpoints.weights import load_weights, read_weights
from fdemd.errors import InputError
from fdemd.score_normalization.estimator import DiscrepancyNetwork

_WHAT = "fdemd discrepancy estimator"


@dataclass(frozen=True)
class EstimatorFile:
    """An estimator and where it comes from.

    Attributes:
        network: The estimator.
        backbone: Fingerprint of the weights whose embeddings it was trained on.
        people: Names of the people it was trained on; none of them may be in a test.
        pictures: Sha256 of their photographs, likewise.
    """

    network: DiscrepancyNetwork
    backbone: str
    people: frozenset[str]
    pictures: frozenset[str]

    def content(self) -> bytes:
        """Return the file's bytes, the same for the same estimator."""
        facts = {"backbone": self.backbone, "people": sorted(self.people), "pictures": sorted(self.pictures)}
        # One entry of metadata alone: safetensors writes several in any order.
        return save(self.network.state_dict(), {_WHAT: json.dumps(facts)})

    @property
    def sha256(self) -> str:
        """The sha256 of :meth:`content`."""
        return hashlib.sha256(self.content()).hexdigest()


def read_estimator(path: Path) -> EstimatorFile:
    """Read the file that an earlier run left in its folder. Nothing in it can run code.

    Args:
        path: File ``estimator_*.safetensors``.

    Raises:
        InputError: The file is missing, damaged, or not an estimator.
    """
    weights = read_weights(path)
    try:
        with safe_open(path, "pt") as file:
            facts = file.metadata() or {}
    except SafetensorError:  # weights of another format
        facts = {}
    if _WHAT not in facts:
        raise InputError(
            f"{path} is no estimator of discrepancies; align.estimator takes estimator_*.safetensors of an earlier run "
            "with align.support=learned."
        )
    network = DiscrepancyNetwork(weights["layers.0.weight"].shape[1])
    load_weights(network, weights, path)
    origin = json.loads(facts[_WHAT])
    people, pictures = frozenset(origin["people"]), frozenset(origin["pictures"])
    return EstimatorFile(network.eval().requires_grad_(False), origin["backbone"], people, pictures)
