"""A check that a card says of a network what the network is: its file is run once, and the output compared."""

from __future__ import annotations

from pathlib import Path

import torch

from fdemd.backbones import create_backbone
from fdemd.checkpoints import Card
from fdemd.checkpoints.kinds import PYTORCH, SAFETENSORS, kind_of, model_of
from fdemd.checkpoints.weights import read_weights


def card_mistakes(card: Card, path: Path) -> list[str]:
    """Return what a card says otherwise than its network does, such as ``embedding is 512, the network gives 128``.

    Args:
        card: Card of a network.
        path: Its weight file. Only one of named tensors tells of which network it is; of others nothing is said.

    Raises:
        InputError: The weights are not those of the network that their names tell of.
    """
    if card.facts["kind"] != "backbone" or kind_of(path) not in (PYTORCH, SAFETENSORS):
        return []
    model = model_of(read_weights(path))
    if model is None:
        return []
    settings = dict(word.removeprefix("model.").split("=") for word in model.split())
    backbone = settings.pop("model")
    plain = {name: int(value) if value.isdecimal() else value for name, value in settings.items()}
    network = create_backbone(backbone, checkpoint=str(path), **plain)
    with torch.inference_mode():
        features = network(torch.zeros(1, 3, *network.face_size))
    rows, columns = features.grid
    found = {
        "input_size": list(network.face_size),
        "alignment": network.alignment,
        "embedding": features.embedding.shape[1],
    }
    mistakes = [
        f"{field} is {card.facts[field]}, the network has {value}"
        for field, value in found.items()
        if card.facts[field] != value
    ]
    grid = f"{rows}x{columns}x{features.patches.shape[2]}"
    if grid != card.facts["grids"][0]:
        mistakes.append(f"the first of grids is {card.facts['grids'][0]}, the network gives {grid}")
    return mistakes
