"""Who is trained on and who is held out: no person is ever in both."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import torch

from fdemd.data.manifest import Manifest, check_identities
from fdemd.errors import InputError

TRAIN, VALIDATION, TEST = "train", "validation", "test"
SPLITS = ("", TRAIN, VALIDATION, TEST)


def split_people(
    manifest: Manifest, held_out: int, seed: int, *, setting: str = "validation.people"
) -> tuple[Manifest, Manifest | None]:
    """Divide a manifest by people.

    Its column ``split`` decides where it says ``validation``; else ``held_out`` people are drawn from those with two
    photographs or more. Rows that say ``test`` are in neither part.

    Args:
        manifest: photographs, and occluded copies of them if there are any.
        held_out: number of people to draw.
        seed: of the draw.
        setting: that says how many, to be named in errors.

    Returns:
        All photographs to train on; and the held-out people's originals as queries and gallery, or None.

    Raises:
        InputError: a split of another name, one person in two splits, too few people, or ``held_out`` below 0.
    """
    if held_out < 0:
        raise InputError(f"{setting} is {held_out}; it must be 0 (nobody) or more.")
    split_of: dict[str, str] = {}
    for row in manifest.photographs:
        if row.split not in SPLITS:
            raise InputError(
                f"{row.path} of {manifest.root} has the split {row.split!r}; to train, it must be one of "
                f"{', '.join(SPLITS[1:])} or empty."
            )
        if split_of.setdefault(row.identity, row.split) != row.split:
            raise InputError(
                f"{row.identity} of {manifest.root} is in the splits {split_of[row.identity]!r} and {row.split!r}; all "
                "photographs of a person must be in one, or the person is trained on and tested with."
            )
    validated = {person for person, split in split_of.items() if split == VALIDATION}
    if not validated and held_out:
        validated = _drawn(manifest, split_of, held_out, seed, setting)
    trained = {person for person, split in split_of.items() if split in ("", TRAIN)} - validated
    training = tuple(row for row in manifest.photographs if row.identity in trained)
    check_identities(training, f"{manifest.root}, without the people who are held out,")
    originals = tuple(
        replace(row, is_query=True, is_gallery=True)
        for row in manifest.photographs
        if row.identity in validated and row.source == row.path
    )
    if originals:
        check_identities(originals, f"The held-out part of {manifest.root}")
    return replace(manifest, photographs=training), replace(manifest, photographs=originals) if originals else None


def _drawn(manifest: Manifest, split_of: dict[str, str], held_out: int, seed: int, setting: str) -> set[str]:
    originals = Counter(row.identity for row in manifest.photographs if row.source == row.path)
    candidates = sorted(person for person, split in split_of.items() if split in ("", TRAIN) and originals[person] >= 2)
    if held_out > len(candidates) - 2:
        raise InputError(
            f"{setting} is {held_out}, but {manifest.root} has only {len(candidates)} people with two "
            "photographs or more to hold out from, and two must be left to train on."
        )
    order = torch.randperm(len(candidates), generator=torch.Generator().manual_seed(seed))
    return {candidates[number] for number in order[:held_out].tolist()}
