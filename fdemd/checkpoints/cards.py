"""Cards: what ``checkpoints/NAME.yaml`` says about a weight file. The fields are listed in docs/cards.md."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fdemd.checkpoints.facts import parse, problem
from fdemd.errors import InputError, unknown
from fdemd.files.shipped import is_installed, shipped_folder
from fdemd.files.user_paths import expand_home

CARDS = shipped_folder("checkpoints")
"""The cards that come with fdemd."""


@dataclass(frozen=True)
class Card:
    """One weight file as its card describes it.

    Attributes:
        name: the card's name.
        path: Path of the card itself; a file that is no package's lies beside it.
        file: name of the weight file beside the card, or its path inside ``package``.
        package: the installed package that carries the file, if one does.
        url: where ``fetch`` takes the file from, if it can.
        size: Size of the file in bytes; None where it is not known.
        sha256: of the file; None where it is not known.
        facts: the whole card.
    """

    name: str
    path: Path
    file: str
    package: str | None
    url: str | None
    size: int | None
    sha256: str | None
    facts: dict[str, Any]

    @property
    def fetched(self) -> Path:
        """Where the file lies once it is fetched."""
        return weights_folder(self.path.parent) / self.file


def weights_folder(cards: Path = CARDS) -> Path:
    """Return where the weights of a folder of cards lie: beside them, but never within an installed package.

    For the cards of an installed fdemd it is ``$FDEMD_CHECKPOINTS``, else ``$XDG_DATA_HOME/fdemd/checkpoints``, else
    ``~/.local/share/fdemd/checkpoints``; cards of one's own lie there too.

    Raises:
        InputError: It lies in a home folder, and there is none.
    """
    if cards != CARDS or not is_installed():
        return cards
    if chosen := os.environ.get("FDEMD_CHECKPOINTS"):
        return expand_home(chosen)
    data = Path(os.environ.get("XDG_DATA_HOME", ""))
    return (data if data.is_absolute() else expand_home("~/.local/share")) / "fdemd" / "checkpoints"


def card_names(folder: Path = CARDS) -> list[str]:
    """Names of all cards in a folder, and beside its weights, sorted."""
    return sorted(_card_files(folder))


def _card_files(folder: Path) -> dict[str, Path]:
    """The cards by name; those of fdemd count where one's own have the same."""
    folders = (weights_folder(folder), folder)
    return {path.stem: path for each in folders for path in each.glob("*.yaml")}


def read_card(name: str, folder: Path = CARDS) -> Card:
    """Read and check the card called NAME of a folder.

    Raises:
        InputError: There is no such card, it cannot be read, a field is missing or empty, or a field is wrong.
    """
    if name not in card_names(folder):
        told = str(unknown("model card", name, card_names(folder))).removesuffix(".")
        raise InputError(f"{told}; cards of your own go into {weights_folder(folder)}.")
    path = _card_files(folder)[name]
    try:
        facts = parse(path.read_bytes())
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise InputError(f"The card {path} cannot be read: {reason}.") from error
    if not isinstance(facts, dict):
        raise InputError(f"The card {path} is not a list of fields; see docs/cards.md.")
    if wrong := problem(facts):
        field, what = wrong
        raise InputError(f"The card {path}: the field {field} {what}; see docs/cards.md.")
    if facts["name"] != name:
        raise InputError(
            f"The card {path}: the field name is {facts['name']!r}, but the file is called {path.name}; see "
            "docs/cards.md."
        )
    optional = {field: facts.get(field) for field in ("package", "url", "size")}
    return Card(name, path, facts["file"], sha256=facts["sha256"], facts=facts, **optional)
