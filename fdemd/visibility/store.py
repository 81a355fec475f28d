"""A calibration as a file: safetensors, with what it was made for and from as one entry of metadata."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from fdemd.backbones.backbone import Backbone
from fdemd.checkpoints.weights import load_weights, read_weights
from fdemd.errors import InputError
from fdemd.features import Features
from fdemd.files.user_paths import check_file, expand_home
from fdemd.files.writing import write_bytes
from fdemd.visibility.calibration import Calibration, weights_of
from fdemd.visibility.conditions import CONDITIONS
from fdemd.visibility.estimator import Layout, VisibilityEstimator

SHIPPED = Path(__file__).parent / "calibrations"
"""Folder of the calibrations that come with fdemd."""
_WHAT = "fdemd calibration"
_VERSION = 2
_ALPHAS, _SEAL = "alphas", "sha256"


def content_of(calibration: Calibration) -> bytes:
    """Return the bytes of a calibration's file, the same for the same calibration; weights as float16."""
    layout = calibration.estimator.layout
    probes = {name: weights.detach().half() for name, weights in calibration.estimator.named_parameters()}
    tensors = {**probes, **dict(calibration.estimator.named_buffers()), _ALPHAS: calibration.alphas.float()}
    facts = {
        "version": _VERSION,
        "conditions": list(CONDITIONS),
        "dimensions": layout.dimensions,
        "grid": list(layout.grid),
        "channels": layout.channels,
        "network": dict(calibration.network),
        "second_stage": dict(calibration.second_stage),
        "facts": dict(calibration.facts),
    }
    facts[_SEAL] = _digest(tensors, facts)
    # One entry of metadata alone: safetensors writes several in any order.
    return save(tensors, {_WHAT: json.dumps(facts, sort_keys=True)})


def write_calibration(calibration: Calibration, path: Path) -> None:
    """Write a calibration to a file, whole or not at all.

    Raises:
        InputError: The file cannot be written.
    """
    write_bytes(path, content_of(calibration))


def read_calibration(path: Path) -> Calibration:
    """Read a calibration. Nothing in the file can run code.

    Args:
        path: A file that ``fdemd calibrate`` wrote.

    Raises:
        InputError: The file is missing, damaged, changed, or no calibration.
    """
    check_file(path, "The calibration", "give it with rerank.calibration=FILE")
    tensors, facts = read_weights(path), _facts(path)
    try:
        seal, layout = facts.pop(_SEAL), Layout(facts["dimensions"], (*facts["grid"],), facts["channels"])
        usable = facts["version"] == _VERSION and facts["conditions"] == list(CONDITIONS)
        network, second_stage, origin = facts["network"], facts["second_stage"], facts["facts"]
        alphas = tensors[_ALPHAS]
    except (KeyError, TypeError) as error:
        raise InputError(f"{path} is no whole calibration; make it anew with fdemd calibrate.") from error
    if not usable:
        raise InputError(f"{path} is a calibration of another version of fdemd; make it anew with fdemd calibrate.")
    if (
        seal != _digest(tensors, facts)
        or alphas.shape != (len(CONDITIONS),)
        or not ((alphas >= 0) & (alphas <= 1)).all()
    ):
        raise InputError(f"{path} was damaged or changed after it was made; make it anew with fdemd calibrate.")
    estimator = VisibilityEstimator(layout)
    weights = {name: tensor for name, tensor in tensors.items() if name != _ALPHAS}
    load_weights(estimator, weights, path)
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    return Calibration(estimator.eval().requires_grad_(False), alphas, network, second_stage, origin, sha256)


def find_calibration(
    asked: str, path: str | None, backbone: Backbone | None, second_stage: Mapping[str, Any] | None = None
) -> Calibration:
    """Return the calibration of a network: a file that was named or, without one, what came with fdemd.

    Args:
        asked: Setting that needs it, for the error, such as ``rerank.alpha=calibrated``.
        path: Path of a file; None takes the one that came with fdemd.
        backbone: The network that gives the features; None if it is not known, which is an error.
        second_stage: Method and settings of the re-ranker, see :class:`fdemd.visibility.calibration.Calibration`; None
            if only its estimator is wanted.

    Raises:
        InputError: There is none, or it is for another network or second stage.
    """
    if backbone is None:
        raise InputError(
            f"{asked} needs to know the network that gave the features; give backbone=..., the network that was "
            "calibrated."
        )
    if path is not None:
        file = expand_home(path)
        found, what = read_calibration(file), f"The calibration {file}"
    else:
        shipped, what = shipped_calibration(backbone), "The calibration that came with fdemd"
        if shipped is None:
            raise InputError(
                f"{asked} needs a calibration, and none for this network came with fdemd; make one "
                "with: fdemd calibrate model=... data=..., and give it with rerank.calibration=FILE."
            )
        found = shipped
    found.check_network(backbone, what)
    if second_stage is not None:
        found.check_second_stage(second_stage, what)
    return found


def shipped_calibration(backbone: Backbone) -> Calibration | None:
    """Return the calibration that came with fdemd for a network's weights; None if there is none."""
    for file in sorted(SHIPPED.glob("*.safetensors")):
        if _facts(file).get("network", {}).get("weights_sha256") == weights_of(backbone):
            return read_calibration(file)
    return None


def shipped_estimator(backbone: Backbone, features: Features) -> VisibilityEstimator | None:
    """Return the estimator that came with fdemd for a network; None if there is none.

    Args:
        backbone: The network.
        features: Its features of any faces, with raw patches.
    """
    found = shipped_calibration(backbone)
    if found is None or found.network["template"] != backbone.alignment:
        return None
    return found.estimator if found.estimator.layout == Layout.of(features) else None


def _facts(path: Path) -> dict[str, Any]:
    """The entry of metadata of a file of tensors."""
    try:
        with safe_open(path, "pt") as file:
            text = (file.metadata() or {}).get(_WHAT)
        facts = json.loads(text) if text else None
    except (SafetensorError, ValueError):  # weights of another format, or no JSON
        facts = None
    if not isinstance(facts, dict):
        raise InputError(f"{path} is no calibration; rerank.calibration takes a file that fdemd calibrate wrote.")
    return facts


def _digest(tensors: Mapping[str, Tensor], facts: Mapping[str, Any]) -> str:
    """The sha256 of everything in a file."""
    digest = hashlib.sha256(json.dumps(facts, sort_keys=True).encode())
    for name in sorted(tensors):
        tensor = tensors[name].detach().cpu().contiguous()
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(tensor.flatten().view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()
