"""Cards: what ``checkpoints/NAME.yaml`` says about a weight file. The fields are listed in docs/cards.md."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fdemd.checkpoints.facts import parse, problem
from fdemd.errors import InputError, unknown

CARDS = Path(__file__).resolve().parents[2] / "checkpoints"


@dataclass(frozen=True)
class Card:
    """One weight file as its card describes it.

    Attributes:
        name: the card's name.
        path: of the card itself; a file that is no package's lies beside it.
        file: name of the weight file beside the card, or its path inside ``package``.
        package: the installed package that carries the file, if one does.
        url: where ``fetch`` takes the file from, if it can.
        size: of the file in bytes; None where it is not known.
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
    if name not in card_names(folder):
        raise unknown("model card", name, card_names(folder))
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
