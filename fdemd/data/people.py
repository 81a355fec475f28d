"""The split of people into those to train on and those to validate or test with: nobody is in both."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import torch

from fdemd.data.manifest import Manifest, check_identities
from fdemd.errors import InputError

TRAIN, VALIDATION, TEST = "train", "validation", "test"
SPLITS = ("", TRAIN, VALIDATION, TEST)


def split_people(
    manifest: Manifest, people: int, seed: int, *, setting: str = "validation.people"
) -> tuple[Manifest, Manifest | None]:
    """Split a manifest by people.

    Its column ``split`` decides where it says ``validation``; else people are drawn from those with two photographs or
    more. Rows that say ``test`` are in neither part.

    Args:
        manifest: Photographs, and occluded copies of them if there are any.
        people: Number of people to draw, at least 0.
        seed: Seed of the draw.
        setting: Setting that says how many are drawn, named in errors.

    Returns:
        All photographs to train on; and the originals of the people kept apart as queries and gallery, None if nobody
        is.

    Raises:
        InputError: a split of another name, one person in two splits, or too few people.
    """
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
    if not validated and people:
        validated = _draw(manifest, split_of, people, seed, setting)
    trained = {person for person, split in split_of.items() if split in ("", TRAIN)} - validated
    training = tuple(row for row in manifest.photographs if row.identity in trained)
    check_identities(training, f"{manifest.root}, without the people kept apart,")
    originals = tuple(
        replace(row, is_query=True, is_gallery=True)
        for row in manifest.photographs
        if row.identity in validated and row.source == row.path
    )
    if originals:
        check_identities(originals, f"The people kept apart of {manifest.root}")
    return replace(manifest, photographs=training), replace(manifest, photographs=originals) if originals else None


def _draw(manifest: Manifest, split_of: dict[str, str], people: int, seed: int, setting: str) -> set[str]:
    originals = Counter(row.identity for row in manifest.photographs if row.source == row.path)
    candidates = sorted(person for person, split in split_of.items() if split in ("", TRAIN) and originals[person] >= 2)
    if people > len(candidates) - 2:
        raise InputError(
            f"{setting} is {people}, but {manifest.root} has only {len(candidates)} people with two "
            "photographs or more to draw from, and two must be left to train on."
        )
    order = torch.randperm(len(candidates), generator=torch.Generator().manual_seed(seed))
    return {candidates[number] for number in order[:people].tolist()}
