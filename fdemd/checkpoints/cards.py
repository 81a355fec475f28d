"""Cards: what ``checkpoints/NAME.yaml`` says about a weight file. The fields are listed in docs/cards.md."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from fdemd.errors import InputError, unknown

CARDS = Path(__file__).resolve().parents[2] / "checkpoints"

FIELDS = ("name", "kind", "source", "file", "sha256", "licence", "allowed_use")
"""Every card has these; only the sha256 may be null, for a file that could not be obtained to take it from."""
BACKBONE_FIELDS = ("input_size", "colour", "mean", "scale", "alignment", "embedding", "grids")
"""A card of the kind ``backbone`` has these as well."""

_SHA256 = re.compile("[0-9a-f]{64}")
# Plain http only from this very machine (a local mirror, the tests).
_URL = re.compile(r"https://|http://(127\.0\.0\.1|localhost)[:/]")


@dataclass(frozen=True)
class Card:
    """One weight file as its card describes it.

    Attributes:
        name: the card's name.
        path: of the card itself; a file that is no package's lies beside it.
        file: name of the weight file beside the card, or its path inside ``package``.
        package: the installed package that carries the file, if one does.
        url: where ``fetch`` takes the file from, if it can.
        sha256: of the file; None where it is not known.
        facts: the whole card.
    """

    name: str
    path: Path
    file: str
    package: str | None
    url: str | None
    sha256: str | None
    facts: dict[str, Any]

    @property
    def fetched(self) -> Path:
        """Where the file lies once it is fetched."""
        return self.path.parent / self.file


def card_names(folder: Path = CARDS) -> list[str]:
    """Names of all cards in a folder, sorted."""
    return sorted(path.stem for path in folder.glob("*.yaml"))


def read_card(name: str, folder: Path = CARDS) -> Card:
    """Read and check the card ``folder/NAME.yaml``.

    Raises:
        InputError: there is no such card, it cannot be read, a field is missing or empty, or a field is wrong.
    """
    path = folder / f"{name}.yaml"
    if not path.is_file():
        raise unknown("model card", name, card_names(folder))
    try:
        facts = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InputError(f"The card {path} cannot be read: {' '.join(str(error).split())}.") from error
    if not isinstance(facts, dict):
        raise InputError(f"The card {path} is not a list of fields; see docs/cards.md.")
    _check(facts, path)
    return Card(name, path, facts["file"], facts.get("package"), facts.get("url"), facts["sha256"], facts)


def _check(facts: dict[str, Any], path: Path) -> None:
    def refuse(field: str, problem: str) -> InputError:
        return InputError(f"The card {path}: the field {field} {problem}; see docs/cards.md.")

    for field in FIELDS + (BACKBONE_FIELDS if facts.get("kind") == "backbone" else ()):
        if field not in facts:
            raise refuse(field, "is missing")
        if facts[field] is None and field != "sha256":
            raise refuse(field, "is not filled in")
    if facts["name"] != path.stem:
        raise refuse("name", f"is {facts['name']!r}, but the file is called {path.name}")
    sha256, url, size = facts["sha256"], facts.get("url"), facts.get("input_size", [1, 1])
    if sha256 is not None and not _SHA256.fullmatch(str(sha256)):
        raise refuse("sha256", f"is {sha256!r}, expected 64 lower-case hexadecimal digits")
    if url is not None and not _URL.match(str(url)):
        raise refuse("url", f"is {url!r}, expected an address that begins with https://")
    if not (isinstance(size, list) and len(size) == 2 and all(isinstance(side, int) and side > 0 for side in size)):
        raise refuse("input_size", f"is {size!r}, expected [height, width] in pixels")
