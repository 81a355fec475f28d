"""Converting a PyTorch checkpoint to a safetensors file with a model card."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import yaml
from safetensors.torch import save

from fdemd.checkpoints.cards import Card
from fdemd.checkpoints.facts import BACKBONE_FIELDS
from fdemd.checkpoints.files import sha256_of
from fdemd.checkpoints.weights import read_weights
from fdemd.errors import InputError
from fdemd.files.writing import cannot_write, write_bytes, write_text


def convert(source: Path, name: str, out: Path, like: Card | None = None) -> tuple[Path, Path]:
    """Write the tensors of ``source``, bit for bit and under the same keys, to ``out/NAME.safetensors``, and a card.

    Args:
        source: A file that :func:`fdemd.checkpoints.weights.read_weights` can read.
        name: Name of the new file and card.
        out: Folder for both, made if it does not exist.
        like: Card of the same network, which says how it wants its faces and what it gives; without it these are null.
            Licence and allowed use belong to the weights and are always null, to be filled in.

    Returns:
        The paths of the safetensors file and of its card.

    Raises:
        InputError: ``source`` is refused, the name is not a plain one, or the files exist or cannot be written.
    """
    if not re.fullmatch(r"\w[\w.-]*", name):
        raise InputError(f"--name {name!r} is not a name of letters, digits, dots, dashes and underscores.")
    weights_path, card_path = out / f"{name}.safetensors", out / f"{name}.yaml"
    for path in (weights_path, card_path):
        if os.path.lexists(path):
            raise InputError(f"{path} exists already; choose another --name or remove it.")
    # safetensors refuses tensors that share memory (tied weights), so each one gets its own.
    weights = {key: tensor.clone().contiguous() for key, tensor in read_weights(source).items()}
    advice = "choose another folder with --out DIR"
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(out, error, advice) from error
    write_bytes(weights_path, save(weights, metadata={"format": "pt"}), advice)
    facts = _facts(name, source, weights_path, like)
    write_text(card_path, yaml.safe_dump(facts, sort_keys=False, allow_unicode=True), advice)
    return weights_path, card_path


def _facts(name: str, source: Path, weights: Path, like: Card | None) -> dict[str, Any]:
    return {
        "name": name,
        "kind": "backbone",
        "source": f"converted from {source.name}, sha256 {sha256_of(source)}",
        "file": weights.name,
        "size": weights.stat().st_size,
        "sha256": sha256_of(weights),
        "licence": None,
        "allowed_use": None,
        **{field: like.facts.get(field) if like else None for field in BACKBONE_FIELDS},
        "lfw_published": None,
        "lfw_measured": None,
    }
