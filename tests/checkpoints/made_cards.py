"""Cards and the commands on them."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from fdemd.checkpoints import Card, read_card

CONTENT = bytes(range(256)) * 4096  # 1 MiB


def sha256(content: bytes | bytearray) -> str:
    return hashlib.sha256(content).hexdigest()


def write_card(folder: Path, **changes: Any) -> Card:
    """A card of a face network called ``net``; a change to ... leaves the field out."""
    facts = {
        "name": "net",
        "kind": "backbone",
        "source": "the author's page",
        "file": "net.bin",
        "sha256": sha256(CONTENT),
        "licence": "MIT",
        "allowed_use": "any",
        "input_size": [112, 96],
        "colour": "RGB",
        "mean": 127.5,
        "scale": 128,
        "alignment": "arcface112",
        "embedding": 128,
        "grids": ["7x6x512"],
        **changes,
    }
    text = yaml.safe_dump({name: value for name, value in facts.items() if value is not ...})
    (folder / f"{facts['name']}.yaml").write_text(text)
    return read_card(facts["name"], folder)


@dataclass
class Outcome:
    status: int
    out: str
    err: str
